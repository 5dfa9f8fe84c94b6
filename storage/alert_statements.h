// The SQL texts of the outbox: alerts, their deliveries, and the messages made of those. As storage/statements.h has
// it.
#pragma once

#include <string>

namespace simsync::statements {

// ---- raising ------------------------------------------------------------------------------------------------------

// $1 project; then an array per column, each SIM and rule once: $2 rule, $3 type, $4 severity, $5 sim_id, $6 provider,
// $7 from, $8 to, $9 kind, $10 field, $11 change_id and $12 transition_id (0: none), $13 how often; $14 and $15 rules
// and the channels of each; $16 now, $17 repeat_after in milliseconds. Run under the project's lock, so that nobody
// raises the same beside it. Of a SIM's alerts the latest is looked up by the key; its time is asked afterwards, for by
// the time's index each lookup would read the whole storm.
inline constexpr char kRaiseAlerts[] = R"(
WITH raised AS MATERIALIZED (
  SELECT r.*, o.place
  FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
              $10::text[], $11::bigint[], $12::bigint[], $13::bigint[])
    AS r (rule, type, severity, sim_id, provider, from_status, to_status, kind, field, change_id, transition_id, count)
  LEFT JOIN LATERAL (
    SELECT l.place
    FROM (SELECT a.ctid AS place, a.raised_at FROM simsync.alert a
          WHERE a.project = $1 AND a.sim_id = r.sim_id AND a.rule = r.rule AND a.state = 'event'
          ORDER BY a.alert_id DESC LIMIT 1) l
    WHERE l.raised_at > $16::timestamptz - $17::text::bigint * interval '1 millisecond'
      AND l.raised_at <= $16::timestamptz + interval '1 minute') o ON true
), counted AS (
  UPDATE simsync.alert a SET count = a.count + r.count, last_raised_at = $16::timestamptz
  FROM raised r WHERE a.ctid = r.place AND a.project = $1 AND a.sim_id = r.sim_id
), begun AS (
  INSERT INTO simsync.alert (project, sim_id, rule, type, severity, body, raised_at, count, last_raised_at, provider,
                             from_status, to_status, change_id, transition_id)
  SELECT $1, sim_id, rule, type, severity,
         CASE WHEN change_id = 0 THEN '{}' ELSE jsonb_build_object('kind', kind, 'field', field) END, $16::timestamptz,
         count, CASE WHEN count > 1 THEN $16::timestamptz END, nullif(provider, ''), nullif(from_status, ''),
         nullif(to_status, ''), nullif(change_id, 0), nullif(transition_id, 0)
  FROM raised WHERE place IS NULL
  RETURNING alert_id, sim_id, rule
), waiting AS (
  INSERT INTO simsync.alert_delivery (project, sim_id, alert_id, channel, rule, event_at)
  SELECT $1, b.sim_id, b.alert_id, c.channel, b.rule, $16::timestamptz
  FROM begun b JOIN unnest($14::text[], $15::text[]) AS c (rule, channel) ON c.rule = b.rule
), told AS (
  SELECT pg_notify('simsync', json_build_object('type', 'simsync.alert', 'project', $1, 'rule', left(rule, 500),
                                                'event', 'raised', 'alerts', count(*))::text)
  FROM begun GROUP BY rule
)
SELECT count(*) FROM told)";

// $1 project, $2 walk_id, $3 channels. An episode of held-back walks is one alert, and a complete walk ends it.
inline constexpr char kRaiseHeldBack[] = R"(
WITH raised AS (
  INSERT INTO simsync.alert (project, rule, type, severity, body, raised_at)
  SELECT $1, 'mass-disappearance', 'simsync.mass_disappearance', 'critical',
         jsonb_build_object('walk_id', w.walk_id, 'held_back', w.held_back, 'error', w.error,
                            'approve', 'simsyncd approve ' || w.walk_id), w.finished_at
  FROM simsync.walk w
  WHERE w.project = $1 AND w.walk_id = $2::bigint AND w.held_back > 0
    AND NOT coalesce((SELECT b.held_back > 0 FROM simsync.walk b
                      WHERE b.project = $1 AND b.kind = 'full' AND (b.outcome = 'complete' OR b.held_back > 0)
                        AND b.walk_id < w.walk_id ORDER BY b.walk_id DESC LIMIT 1), false)
  RETURNING alert_id, rule, raised_at
), waiting AS (
  INSERT INTO simsync.alert_delivery (project, alert_id, channel, rule, event_at)
  SELECT $1, alert_id, channel, rule, raised_at FROM raised CROSS JOIN unnest($3::text[]) AS c (channel)
), told AS (
  SELECT pg_notify('simsync', json_build_object('type', 'simsync.alert', 'project', $1, 'rule', rule,
                                                'event', 'raised', 'alerts', 1)::text) FROM raised
)
SELECT count(*) FROM told)";

// ---- conditions ---------------------------------------------------------------------------------------------------

// Between those who end alerts and those who make messages: a channel must hear of the end after the begin. Per
// transaction, so a crash leaves none behind. $1 project.
inline constexpr char kLockAlerts[] = "SELECT pg_advisory_xact_lock(hashtextextended($1, 1634493044))";
inline constexpr char kTryLockAlerts[] = "SELECT pg_try_advisory_xact_lock(hashtextextended($1, 1634493044))";

// Under the lock. $1 project, $2 rule, $3 type, $4 severity, $5 channels; then an array per column of what holds: $6
// sim_id, $7 subject, $8 provider, $9 to, $10 since, $11 details; $12 now, $13 whether it is too young to be raised.
// What a channel did not hear of yet it hears of first: such a delivery stays as it is, and the end follows it
// (kFormMessage).
inline constexpr char kObserve[] = R"(
WITH holding AS MATERIALIZED (
  SELECT DISTINCT ON (sim_id, subject) *
  FROM unnest($6::text[], $7::text[], $8::text[], $9::text[], $10::timestamptz[], $11::jsonb[], $13::text[])
    AS h (sim_id, subject, provider, to_status, since, details, young)
  ORDER BY sim_id, subject
), open AS MATERIALIZED (
  SELECT ctid AS place, alert_id, sim_id, subject FROM simsync.alert
  WHERE project = $1 AND rule = $2 AND state = 'firing'
), begun AS (
  INSERT INTO simsync.alert (project, sim_id, rule, type, severity, body, raised_at, state, subject, provider, to_status)
  SELECT $1, sim_id, $2, $3, $4, details || jsonb_build_object('since', since), $12::timestamptz, 'firing', subject,
         nullif(provider, ''), nullif(to_status, '')
  FROM holding WHERE young = 'false' AND (sim_id, subject) NOT IN (SELECT o.sim_id, o.subject FROM open o)
  RETURNING alert_id, sim_id
), waiting AS (
  INSERT INTO simsync.alert_delivery (project, sim_id, alert_id, channel, rule, event_at)
  SELECT $1, b.sim_id, b.alert_id, c.channel, $2, $12::timestamptz
  FROM begun b CROSS JOIN (SELECT DISTINCT channel FROM unnest($5::text[]) AS u (channel)) c
), ended AS (
  UPDATE simsync.alert a SET state = 'resolved', resolved_at = $12::timestamptz
  FROM open o
  WHERE a.ctid = o.place AND a.project = $1
    AND (o.sim_id, o.subject) NOT IN (SELECT h.sim_id, h.subject FROM holding h)
  RETURNING a.alert_id, a.sim_id
), ends AS (
  UPDATE simsync.alert_delivery d
  SET event = 'resolved', event_at = $12::timestamptz, message_id = NULL, state = 'pending', attempts = 0,
      last_error = NULL, delivered_at = NULL
  FROM ended o
  WHERE d.project = $1 AND d.sim_id = o.sim_id AND d.alert_id = o.alert_id AND d.message_id IS NOT NULL
), told AS (
  SELECT pg_notify('simsync', json_build_object('type', 'simsync.alert', 'project', $1, 'rule', left($2, 500),
                                                'event', event, 'alerts', alerts)::text)
  FROM (SELECT 'raised' AS event, count(*) AS alerts FROM begun
        UNION ALL SELECT 'resolved', count(*) FROM ended) counts
  WHERE alerts > 0
)
SELECT (SELECT count(*) FROM begun) + (SELECT count(*) FROM ended) + 0 * (SELECT count(*) FROM told))";

// $1 projects; $2 and $3 projects and rules that are looked at. Whose alerts are open, though nobody looks any more.
inline constexpr char kOrphanedRules[] = R"(
SELECT DISTINCT project, rule FROM simsync.alert
WHERE project = ANY ($1::text[]) AND state = 'firing' AND rule <> 'auth-failed'
  AND (project, rule) NOT IN (SELECT * FROM unnest($2::text[], $3::text[]))
ORDER BY project, rule)";

// $1 project. Whether the token is refused, by the last walk that knows and by the running service's polls; whether it
// is known to be good; whether the alert is open; why and since when it is refused. While the API is down nobody knows.
inline constexpr char kTokenState[] = R"(
WITH walked AS MATERIALIZED (
  SELECT token_refused, error, started_at
  FROM (SELECT * FROM simsync.walk WHERE project = $1 AND outcome IS NOT NULL ORDER BY walk_id DESC LIMIT 100) w
  WHERE token_refused OR outcome = 'complete' ORDER BY walk_id DESC LIMIT 1
), polled AS MATERIALIZED (
  SELECT last_error AS error, failing_since FROM simsync.poll_state
  WHERE project = $1 AND failure = 'token refused' AND failing_since IS NOT NULL
    AND saved_at > now() - interval '2 minutes'
)
SELECT r.refused, NOT r.refused AND EXISTS (SELECT FROM walked) AS good,
       EXISTS (SELECT FROM simsync.alert WHERE project = $1 AND rule = 'auth-failed' AND state = 'firing') AS open,
       jsonb_build_object('error', coalesce((SELECT error FROM polled), (SELECT error FROM walked), '')) AS details,
       (date_part('epoch', coalesce((SELECT failing_since FROM polled), (SELECT started_at FROM walked), now()))
        * 1000000)::bigint AS since
FROM (SELECT coalesce((SELECT token_refused FROM walked), false) OR EXISTS (SELECT FROM polled) AS refused) r)";

// ---- messages -----------------------------------------------------------------------------------------------------

// $1 projects, $2 channel. What waits: each project, rule and event with its oldest, by as many steps along the index
// as there are of them.
inline constexpr char kWaiting[] = R"(
WITH RECURSIVE step AS (
  SELECT f.project, f.rule, f.event, f.event_at
  FROM unnest($1::text[]) AS p (project)
  CROSS JOIN LATERAL (SELECT d.project, d.rule, d.event, d.event_at FROM simsync.alert_delivery d
                      WHERE d.project = p.project AND d.channel = $2 AND d.message_id IS NULL
                      ORDER BY d.rule, d.event, d.event_at LIMIT 1) f
  UNION ALL
  SELECT n.project, n.rule, n.event, n.event_at
  FROM step s
  CROSS JOIN LATERAL (SELECT d.project, d.rule, d.event, d.event_at FROM simsync.alert_delivery d
                      WHERE d.project = s.project AND d.channel = $2 AND d.message_id IS NULL
                        AND (d.rule, d.event) > (s.rule, s.event)
                      ORDER BY d.rule, d.event, d.event_at LIMIT 1) n
)
SELECT project, rule, event, (date_part('epoch', event_at) * 1000000)::bigint FROM step ORDER BY event_at)";

// Of `about`, the alerts that a message tells of: `body`, as it is sent, and `oldest`. $1 project, $4 event.
inline constexpr char kBody[] = R"(
breakdown AS (
  SELECT jsonb_agg(to_jsonb(b)) AS list
  FROM (SELECT coalesce(provider, '') AS provider, coalesce(from_status, '') AS "from", coalesce(to_status, '') AS "to",
               count(*) AS alerts
        FROM about GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3 LIMIT 50) b
), concerned AS (
  SELECT jsonb_agg(provider ORDER BY provider) AS list
  FROM (SELECT DISTINCT coalesce(provider, '') AS provider FROM about LIMIT 1000) p
), first AS (
  SELECT jsonb_agg(jsonb_build_object('alert_id', alert_id, 'sim_id', sim_id, 'iccid', coalesce(
             (SELECT s.iccid FROM simsync.sim s WHERE s.project = $1 AND s.sim_id = f.sim_id), ''),
           'provider', coalesce(provider, ''), 'from', coalesce(from_status, ''), 'to', coalesce(to_status, ''),
           'count', count, 'raised_at', (date_part('epoch', raised_at) * 1000000)::bigint)
         ORDER BY raised_at, alert_id) AS list
  FROM (SELECT * FROM about WHERE sim_id <> '' ORDER BY raised_at, alert_id LIMIT 20) f
), details AS (
  -- One is as it is; several are a list.
  SELECT CASE count(*) WHEN 0 THEN NULL WHEN 1 THEN jsonb_agg(one) -> 0
         ELSE jsonb_build_object('alerts', jsonb_agg(one ORDER BY raised_at, alert_id)) END AS object
  FROM (SELECT raised_at, alert_id, CASE subject WHEN '' THEN body ELSE body || jsonb_build_object('subject', subject) END AS one
        FROM about WHERE sim_id = '' ORDER BY raised_at, alert_id LIMIT 20) d
), oldest AS (
  SELECT type, severity, state <> 'event' AS lasting FROM about ORDER BY raised_at, alert_id LIMIT 1
), body AS (
  SELECT t.alerts, jsonb_build_object(
           'type', o.type, 'severity', o.severity, 'lasting', o.lasting, 'first_raised_at', t.first_raised_at,
           'last_raised_at', t.last_raised_at, 'resolved_at', CASE WHEN $4 = 'resolved' THEN t.resolved_at END,
           'breakdown', (SELECT coalesce(list, '[]') FROM breakdown),
           'providers', (SELECT coalesce(list, '[]') FROM concerned), 'first', (SELECT coalesce(list, '[]') FROM first),
           'details', (SELECT object FROM details)) AS body
  FROM (SELECT count(*) AS alerts, (date_part('epoch', min(raised_at)) * 1000000)::bigint AS first_raised_at,
               (date_part('epoch', max(coalesce(last_raised_at, raised_at))) * 1000000)::bigint AS last_raised_at,
               (date_part('epoch', max(resolved_at)) * 1000000)::bigint AS resolved_at FROM about) t
  CROSS JOIN oldest o
))";

// Under the lock. $1 project, $2 channel, $3 rule, $4 event, $5 now, $6 microseconds by which this message comes after
// that. An alert that has ended meanwhile waits again, for a message of its end, unless the same has begun anew and is
// told here as well. A delivery whose alert somebody deleted is given up. Returns how many alerts the message has.
inline const std::string kFormMessage = std::string{R"(
WITH id AS MATERIALIZED (
  SELECT 'msg_' || replace(gen_random_uuid()::text, '-', '') AS id
), taken AS MATERIALIZED (
  SELECT d.ctid AS place, d.sim_id, d.alert_id FROM simsync.alert_delivery d
  WHERE d.project = $1 AND d.channel = $2 AND d.rule = $3 AND d.event = $4 AND d.message_id IS NULL
), found AS MATERIALIZED (
  SELECT t.place, a.*
  FROM taken t
  LEFT JOIN LATERAL (SELECT * FROM simsync.alert o
                     WHERE o.project = $1 AND o.sim_id = t.sim_id AND o.alert_id = t.alert_id OFFSET 0) a ON true
), about AS (
  SELECT * FROM found WHERE alert_id IS NOT NULL
), )"} + kBody + R"(, formed AS (
  INSERT INTO simsync.alert_message (message_id, project, channel, rule, event, formed_at, pending_since,
                                     next_attempt_at, alerts, body)
  SELECT id, $1, $2, $3, $4, $5::timestamptz + $6::text::bigint * interval '1 microsecond', $5::timestamptz,
         $5::timestamptz, alerts, body
  FROM body CROSS JOIN id
  RETURNING alerts
), told AS (
  UPDATE simsync.alert_delivery d
  SET message_id = CASE WHEN n.ends THEN NULL ELSE id.id END, event = CASE WHEN n.ends THEN 'resolved' ELSE d.event END,
      event_at = CASE WHEN n.ends THEN n.resolved_at ELSE d.event_at END,
      state = CASE WHEN n.alert_id IS NULL THEN 'dead' ELSE 'pending' END,
      last_error = CASE WHEN n.alert_id IS NULL THEN 'the alert was deleted' END
  FROM (SELECT f.*, $4 = 'raised' AND coalesce(f.state = 'resolved', false)
                    AND (f.sim_id, f.subject) NOT IN (SELECT sim_id, subject FROM about WHERE state = 'firing') AS ends
        FROM found f) n, id
  WHERE d.ctid = n.place AND d.project = $1 AND d.message_id IS NULL
)
SELECT coalesce(max(alerts), 0) FROM formed)";

inline const std::string kMessageColumns = R"(
  message_id, project, channel, rule, event, attempts, alerts, body ->> 'type' AS type, body ->> 'severity' AS severity,
  body -> 'lasting' AS lasting, body ->> 'first_raised_at' AS first_raised_at,
  body ->> 'last_raised_at' AS last_raised_at, body ->> 'resolved_at' AS resolved_at,
  coalesce(body ->> 'details', '') AS details, body, state, coalesce(last_error, '') AS last_error,
  (date_part('epoch', formed_at) * 1000000)::bigint AS formed_at,
  (date_part('epoch', pending_since) * 1000000)::bigint AS pending_since,
  (date_part('epoch', next_attempt_at) * 1000000)::bigint AS next_attempt_at,
  (date_part('epoch', delivered_at) * 1000000)::bigint AS delivered_at
)";
inline constexpr char kFirstOfBody[] = R"(
SELECT alert_id, sim_id, iccid, provider, "from", "to", count, raised_at
FROM jsonb_to_recordset($1::jsonb -> 'first')
  AS f (alert_id bigint, sim_id text, iccid text, provider text, "from" text, "to" text, count bigint, raised_at bigint))";
inline constexpr char kBreakdownOfBody[] = R"(
SELECT provider, "from", "to", alerts
FROM jsonb_to_recordset($1::jsonb -> 'breakdown') AS b (provider text, "from" text, "to" text, alerts bigint))";
inline constexpr char kProvidersOfBody[] = "SELECT jsonb_array_elements_text($1::jsonb -> 'providers')";

// What lasts is told in order: nobody may hear of a begin after its end. Of changes one may overtake another. Of a
// message m.
inline constexpr char kItsTurn[] = R"(
  (m.body -> 'lasting' = 'false'
   OR NOT EXISTS (SELECT FROM simsync.alert_message o
                  WHERE o.project = m.project AND o.channel = m.channel AND o.rule = m.rule AND o.state = 'pending'
                    AND (o.formed_at, o.event, o.message_id) < (m.formed_at, m.event, m.message_id)))
)";

// $1 projects, $2 channel, $3 now, $4 who asks, $5 how many at most, $6 whether only those never tried, $7 for how many
// milliseconds whoever asks first has them: long enough to send them, and short, for whoever was killed does not give
// them back.
inline const std::string kClaimDue = std::string{R"(
WITH due AS MATERIALIZED (
  SELECT project, message_id FROM simsync.alert_message m
  WHERE project = ANY ($1::text[]) AND channel = $2 AND state = 'pending' AND next_attempt_at <= $3::timestamptz
    AND (attempts = 0 OR NOT $6::boolean)
    AND NOT coalesce(claimed_by <> $4 AND claimed_until > $3::timestamptz
                     AND claimed_until <= $3::timestamptz + $7::bigint * interval '1 millisecond'
                                          + interval '1 minute', false)
    AND )"} + kItsTurn + R"(
  ORDER BY formed_at, event, message_id LIMIT $5::bigint FOR UPDATE SKIP LOCKED
), claimed AS (
  UPDATE simsync.alert_message m
  SET claimed_by = $4, claimed_until = $3::timestamptz + $7::bigint * interval '1 millisecond'
  FROM due WHERE m.project = due.project AND m.message_id = due.message_id
  RETURNING m.*
)
SELECT )" + kMessageColumns + "FROM claimed ORDER BY formed_at, event, message_id";
// $1 projects, $2 channel, $3 who asks.
inline const std::string kNextDue = std::string{R"(
SELECT (date_part('epoch', min(greatest(next_attempt_at, CASE WHEN claimed_by <> $3 THEN claimed_until END)))
        * 1000000)::bigint
FROM simsync.alert_message m
WHERE project = ANY ($1::text[]) AND channel = $2 AND state = 'pending' AND )"} +
                                    kItsTurn;
// $1 project, $2 message, $3 who gives it back.
inline constexpr char kGiveBack[] = R"(
UPDATE simsync.alert_message SET claimed_by = NULL, claimed_until = NULL
WHERE project = $1 AND message_id = $2 AND claimed_by = $3)";

// $1 project, $2 message, $3 state, $4 error, $5 next attempt (empty: none), $6 now. What was delivered stays
// delivered, whatever another dispatcher says of its own attempt. The deliveries change once, not with each attempt:
// there may be a hundred thousand of them.
inline constexpr char kRecord[] = R"(
WITH message AS (
  UPDATE simsync.alert_message
  SET state = $3, attempts = attempts + 1, last_error = nullif($4, ''), next_attempt_at = nullif($5, '')::timestamptz,
      delivered_at = CASE WHEN $3 = 'delivered' THEN $6::timestamptz END, claimed_by = NULL, claimed_until = NULL
  WHERE project = $1 AND message_id = $2 AND (state = 'pending' OR (state = 'dead' AND $3 = 'delivered'))
  RETURNING *
)
UPDATE simsync.alert_delivery d
SET state = m.state, attempts = m.attempts, last_error = m.last_error, delivered_at = m.delivered_at
FROM message m WHERE d.project = $1 AND d.message_id = $2 AND m.state <> 'pending')";

// $1 projects, $2 channel, $3 pending since then or before, $4 why. Gives up what waited for a receiver that took
// nothing in all that time.
inline constexpr char kGiveUp[] = R"(
WITH message AS (
  UPDATE simsync.alert_message
  SET state = 'dead', last_error = $4, next_attempt_at = NULL, claimed_by = NULL, claimed_until = NULL
  WHERE project = ANY ($1::text[]) AND channel = $2 AND state = 'pending' AND pending_since <= $3::timestamptz
  RETURNING *
), deliveries AS (
  UPDATE simsync.alert_delivery d SET state = 'dead', attempts = m.attempts, last_error = m.last_error
  FROM message m WHERE d.project = m.project AND d.message_id = m.message_id
)
SELECT count(*) FROM message)";

// $1 projects, $2 channel (empty: all), $3 message (empty: all), $4 now. That something lasting began is told anew, in
// a message of what still lasts; where nothing does, there is nothing to tell.
inline constexpr char kRetry[] = R"(
WITH chosen AS MATERIALIZED (
  SELECT project, message_id, event = 'raised' AND body -> 'lasting' = 'true' AS anew FROM simsync.alert_message
  WHERE project = ANY ($1::text[]) AND state = 'dead' AND ($2 = '' OR channel = $2) AND ($3 = '' OR message_id = $3)
  FOR UPDATE
), kept AS (
  UPDATE simsync.alert_message m
  SET state = 'pending', pending_since = $4::timestamptz, next_attempt_at = $4::timestamptz, attempts = 0
  FROM chosen c WHERE m.project = c.project AND m.message_id = c.message_id AND NOT c.anew
), replaced AS (
  UPDATE simsync.alert_message m SET state = 'replaced'
  FROM chosen c WHERE m.project = c.project AND m.message_id = c.message_id AND c.anew
), deliveries AS (
  UPDATE simsync.alert_delivery d
  SET state = 'pending', message_id = CASE WHEN NOT c.anew THEN d.message_id END,
      event_at = CASE WHEN c.anew THEN $4::timestamptz ELSE d.event_at END
  FROM chosen c WHERE d.project = c.project AND d.message_id = c.message_id
  RETURNING c.project, c.message_id
)
SELECT count(*) FROM chosen c WHERE NOT anew OR (project, message_id) IN (SELECT * FROM deliveries))";

// $1 projects, $2 state (empty: pending and dead), $3 how many at most.
inline const std::string kList = "SELECT " + kMessageColumns + R"(
FROM simsync.alert_message
WHERE project = ANY ($1::text[]) AND (state = $2 OR ($2 = '' AND state IN ('pending', 'dead')))
ORDER BY formed_at DESC, event DESC, message_id DESC LIMIT $3::bigint)";

// ---- what is open -------------------------------------------------------------------------------------------------

// $1 projects, $2 channel.
inline constexpr char kOpenRules[] = R"(
SELECT DISTINCT a.project, a.rule
FROM simsync.alert a
JOIN simsync.alert_delivery d ON d.project = a.project AND d.sim_id = a.sim_id AND d.alert_id = a.alert_id
WHERE a.project = ANY ($1::text[]) AND a.state = 'firing' AND d.channel = $2 AND d.event = 'raised'
  AND d.state = 'delivered'
ORDER BY a.project, a.rule)";
// $1 project, $2 channel, $3 rule, $4 `raised`. Its id is the same as long as there are any.
inline const std::string kOpenAlerts =
    std::string{R"(
WITH about AS MATERIALIZED (
  SELECT a.* FROM simsync.alert a
  JOIN simsync.alert_delivery d ON d.project = a.project AND d.sim_id = a.sim_id AND d.alert_id = a.alert_id
  WHERE a.project = $1 AND a.rule = $3 AND a.state = 'firing' AND d.channel = $2 AND d.event = 'raised'
    AND d.state = 'delivered'
), )"} +
    kBody +
    ", message AS (SELECT 'msg_' || md5(concat_ws(E'\\x1f', 'open', $1, $2, $3)) AS message_id, "
    "$1 AS project, $2 AS channel, $3 AS rule, $4 AS event, 0 AS attempts, alerts, body, "
    "'pending' AS state, NULL AS last_error, now() AS formed_at, now() AS pending_since, NULL::timestamptz AS "
    "next_attempt_at, "
    "NULL::timestamptz AS delivered_at FROM body) SELECT " +
    kMessageColumns + "FROM message";

// ---- how much is kept ---------------------------------------------------------------------------------------------

// $1 project, $2 the bound, $3 how many rows at most of each table. What is open, waits, or was given up stays:
// somebody is still to hear of it. Returns how many alerts and messages went.
inline constexpr char kForgetAlerts[] = R"(
WITH alerts AS (
  DELETE FROM simsync.alert WHERE ctid = ANY (ARRAY(
    SELECT a.ctid FROM simsync.alert a
    WHERE a.project = $1 AND a.raised_at < $2::timestamptz AND a.state <> 'firing'
      AND coalesce(a.resolved_at, a.last_raised_at, a.raised_at) < $2::timestamptz
      AND NOT EXISTS (SELECT FROM simsync.alert_delivery d
                      WHERE d.project = $1 AND d.sim_id = a.sim_id AND d.alert_id = a.alert_id AND d.state <> 'delivered')
    LIMIT $3::bigint))
  RETURNING sim_id, alert_id
), deliveries AS (
  DELETE FROM simsync.alert_delivery d USING alerts a
  WHERE d.project = $1 AND d.sim_id = a.sim_id AND d.alert_id = a.alert_id
), messages AS (
  DELETE FROM simsync.alert_message WHERE ctid = ANY (ARRAY(
    SELECT m.ctid FROM simsync.alert_message m
    WHERE m.project = $1 AND m.formed_at < $2::timestamptz
      AND (m.state = 'replaced' OR (m.state = 'delivered' AND m.delivered_at < $2::timestamptz)) LIMIT $3::bigint))
  RETURNING 1
)
SELECT (SELECT count(*) FROM alerts) + (SELECT count(*) FROM messages))";

}  // namespace simsync::statements
