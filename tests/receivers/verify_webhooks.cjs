// Reads a JSON list of {secret, headers, body} and prints one line for each: "valid", or why it is not.
const fs = require("fs");
const { Webhook } = require(process.argv[2] + "/node_modules/standardwebhooks");

for (const { secret, headers, body } of JSON.parse(fs.readFileSync(process.argv[3], "utf8"))) {
  try {
    new Webhook(secret).verify(body, headers);
    console.log("valid");
  } catch (error) {
    console.log(error.message);
  }
}
