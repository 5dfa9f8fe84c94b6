"""A mail server for one test: prints its port, then each mail it takes as a line of JSON.

mail_server.py implicit|starttls|plain CERTIFICATE KEY. Whoever wants to send has to log in as ops with the password
"correct-horse", unless plain. Refuses the recipient nobody@…, and for the moment later@….
"""

import email
import email.policy
import json
import socket
import ssl
import sys
import time

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword


def say(what):
    print(json.dumps(what), flush=True)


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if address.startswith("nobody@"):
            return "550 5.1.1 no such mailbox"
        if address.startswith("later@"):
            return "451 4.3.0 come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        say({
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "headers": {name: str(value) for name, value in mail.items()},
            "text": mail.get_content(),
            "defects": [str(defect) for defect in mail.defects],
            "longest_line": max(len(line) for line in envelope.content.split(b"\r\n")),
            "authenticated": bool(session.authenticated),
            "tls": server.transport.get_extra_info("ssl_object") is not None,
        })
        return "250 taken"


def authenticate(server, session, envelope, mechanism, data):
    good = isinstance(data, LoginPassword) and data.login == b"ops" and data.password == b"correct-horse"
    return AuthResult(success=good, handled=False)


def free_port():
    with socket.socket() as listener:
        listener.bind(("0.0.0.0", 0))
        return listener.getsockname()[1]


def main():
    mode, certificate, key = sys.argv[1:4]
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    options = {"hostname": "0.0.0.0", "port": free_port()}
    if mode != "plain":
        options |= {"authenticator": authenticate, "auth_required": True}
    if mode == "implicit":
        options |= {"ssl_context": context, "auth_require_tls": False}
    if mode == "starttls":
        options |= {"tls_context": context, "require_starttls": True}
    controller = Controller(Handler(), **options)
    controller.start()
    say(options["port"])
    while True:
        time.sleep(3600)


main()
