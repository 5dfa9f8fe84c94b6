-- Alerts of changes and of conditions, and the messages in which channels hear of them (product.md, "Alerts"). An alert
-- and its deliveries are written with the change; a message is made of the deliveries that wait, and never changes.

-- ---- what was raised -------------------------------------------------------------------------------------------------

ALTER TABLE simsync.alert
  ADD COLUMN state          text NOT NULL DEFAULT 'event' CHECK (state IN ('event', 'firing', 'resolved')),
  ADD COLUMN count          bigint NOT NULL DEFAULT 1,
  ADD COLUMN last_raised_at timestamptz,
  ADD COLUMN resolved_at    timestamptz,
  ADD COLUMN subject        text NOT NULL DEFAULT '',
  ADD COLUMN provider       text,
  ADD COLUMN from_status    text,
  ADD COLUMN to_status      text,
  ADD COLUMN change_id      bigint,
  ADD COLUMN transition_id  bigint;
-- Room on the page, so that counting an alert again writes no index.
ALTER TABLE simsync.alert SET (fillfactor = 90);
COMMENT ON TABLE simsync.alert IS
  'What was raised: by a rule about a change, written in the change''s transaction; about a condition that begins and ends; and by what is built in (mass-disappearance, auth-failed).';
COMMENT ON COLUMN simsync.alert.body IS 'What else is known of it, as a JSON object.';
COMMENT ON COLUMN simsync.alert.state IS
  'event: of a change, which has no end; firing: of a condition that holds (time in a state, stock, freshness, refused token); resolved: of one that held.';
COMMENT ON COLUMN simsync.alert.count IS
  'How often it was raised: the same rule raising for the same SIM within alerts.repeat_after of raised_at counts here.';
COMMENT ON COLUMN simsync.alert.last_raised_at IS 'When it was last counted; null: raised once.';
COMMENT ON COLUMN simsync.alert.resolved_at IS 'When the condition was seen to have ended.';
COMMENT ON COLUMN simsync.alert.subject IS
  'What it is about where that is no SIM, such as a provider and type; tells the alerts of one rule apart.';
COMMENT ON COLUMN simsync.alert.provider IS 'Provider of the SIM when it was raised; null: none.';
COMMENT ON COLUMN simsync.alert.from_status IS 'Value before, of what the rule is about; null: none.';
COMMENT ON COLUMN simsync.alert.to_status IS 'Value since, or the state it is in; null: none.';
COMMENT ON COLUMN simsync.alert.change_id IS 'The row of simsync.sim_change that it was first raised by, if it was.';
COMMENT ON COLUMN simsync.alert.transition_id IS
  'The row of simsync.esim_profile_transition that it was first raised by, if it was.';
-- "What was raised between two times?": whoever looks back, and history.keep, which deletes what is oldest.
CREATE INDEX alert_by_time ON simsync.alert (project, raised_at);
-- "Which alerts of this rule are open?": each look at a rule's conditions, and what Alertmanager has to be told again.
CREATE INDEX alert_firing ON simsync.alert (project, rule) WHERE state = 'firing';

-- ---- who hears of it -------------------------------------------------------------------------------------------------

-- The rule and the time stand here, too, so that "does anything wait?" is a look at one index, however much waits.
ALTER TABLE simsync.alert_delivery
  ADD COLUMN message_id text COLLATE "C",
  ADD COLUMN event      text NOT NULL DEFAULT 'raised' CHECK (event IN ('raised', 'resolved')),
  ADD COLUMN rule       text NOT NULL DEFAULT '',
  ADD COLUMN event_at   timestamptz NOT NULL DEFAULT now();
-- Each row is changed when its message is formed and when that is delivered; the latter writes no index.
ALTER TABLE simsync.alert_delivery SET (fillfactor = 70);
COMMENT ON TABLE simsync.alert_delivery IS
  'Each channel''s delivery of an alert, in its last event. Of one whose message is still tried, attempts and last_error are those of the message.';
COMMENT ON COLUMN simsync.alert_delivery.message_id IS 'The message that tells of it; null: it waits for one.';
COMMENT ON COLUMN simsync.alert_delivery.event IS 'What is told: raised, then resolved if the condition ended.';
COMMENT ON COLUMN simsync.alert_delivery.rule IS 'As in simsync.alert.';
COMMENT ON COLUMN simsync.alert_delivery.event_at IS 'When that happened; alerts.group_wait begins here.';
-- "What waits for this channel, by rule, and since when?": the dispatcher, several times a second. Empty most of the time.
CREATE INDEX alert_delivery_waiting ON simsync.alert_delivery (project, channel, rule, event, event_at)
  WHERE message_id IS NULL;
-- "Which alerts are in this message?": its delivery is recorded, and who looks for the SIMs beyond the first 20.
CREATE INDEX alert_delivery_of_message ON simsync.alert_delivery (project, message_id) WHERE message_id IS NOT NULL;

-- ---- in which message ------------------------------------------------------------------------------------------------

CREATE TABLE simsync.alert_message (
  message_id      text COLLATE "C" NOT NULL,
  project         text COLLATE "C" NOT NULL,
  channel         text NOT NULL,
  rule            text NOT NULL,
  event           text NOT NULL CHECK (event IN ('raised', 'resolved')),
  state           text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'dead', 'replaced')),
  formed_at       timestamptz NOT NULL,
  pending_since   timestamptz NOT NULL,
  attempts        bigint NOT NULL DEFAULT 0,
  next_attempt_at timestamptz,
  last_error      text,
  delivered_at    timestamptz,
  claimed_by      text,
  claimed_until   timestamptz,
  alerts          bigint NOT NULL,
  body            jsonb NOT NULL,
  PRIMARY KEY (project, message_id)
);
COMMENT ON TABLE simsync.alert_message IS
  'All alerts of one rule that one channel hears of at once, with what becomes of that.';
COMMENT ON COLUMN simsync.alert_message.message_id IS 'The same in every attempt, so that receivers can drop repeats.';
COMMENT ON COLUMN simsync.alert_message.project IS 'Project of the API.';
COMMENT ON COLUMN simsync.alert_message.channel IS 'Name of the channel.';
COMMENT ON COLUMN simsync.alert_message.rule IS 'Name of the rule.';
COMMENT ON COLUMN simsync.alert_message.event IS 'What of the alerts it tells: raised or resolved.';
COMMENT ON COLUMN simsync.alert_message.state IS 'pending; delivered; dead (given up; simsyncd alerts retry sends it again); replaced (by that, with a message of what still lasts).';
COMMENT ON COLUMN simsync.alert_message.formed_at IS 'When it was made of the alerts that waited.';
COMMENT ON COLUMN simsync.alert_message.pending_since IS
  'When it was formed, or made pending again by simsyncd alerts retry: it is given up so long after this.';
COMMENT ON COLUMN simsync.alert_message.attempts IS 'How often it was tried since pending_since.';
COMMENT ON COLUMN simsync.alert_message.next_attempt_at IS 'When it is tried next; null: it is not pending.';
COMMENT ON COLUMN simsync.alert_message.last_error IS 'Why the last attempt failed.';
COMMENT ON COLUMN simsync.alert_message.delivered_at IS 'When the receiver took it.';
COMMENT ON COLUMN simsync.alert_message.claimed_by IS 'Internal: the dispatcher that is about to send it.';
COMMENT ON COLUMN simsync.alert_message.claimed_until IS
  'Internal: other dispatchers leave it alone until then. It is short, so that nothing waits long for one that was killed.';
COMMENT ON COLUMN simsync.alert_message.alerts IS 'How many alerts it tells of.';
COMMENT ON COLUMN simsync.alert_message.body IS
  'What it says, frozen when it was formed: the counts, their breakdown by provider, from and to, and the first 20 SIMs.';
-- "Which messages of this channel are due, and when is the next?"
CREATE INDEX alert_message_due ON simsync.alert_message (project, channel, next_attempt_at) WHERE state = 'pending';
-- "Which were given up?": simsyncd alerts list and retry.
CREATE INDEX alert_message_dead ON simsync.alert_message (project, formed_at) WHERE state = 'dead';
-- "What was sent lately?", and history.keep, which deletes what is oldest.
CREATE INDEX alert_message_by_time ON simsync.alert_message (project, formed_at);
