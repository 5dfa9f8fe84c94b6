-- The first two of product.md's views: what is there now, and how much of it.

CREATE VIEW simsync.inventory AS
  SELECT s.project, s.sim_id, s.iccid, s.provider, s.type, s.status, s.metadata, s.created_at, s.first_seen_at,
         s.changed_at, p.status AS profile_status, p.status_since AS profile_status_since,
         p.last_polled_at AS profile_last_polled_at
  FROM simsync.sim s
  LEFT JOIN simsync.esim_profile p ON p.project = s.project AND p.sim_id = s.sim_id
  WHERE s.missing_since IS NULL;
COMMENT ON VIEW simsync.inventory IS 'Present SIMs with their profile, if they have one that is polled.';

CREATE VIEW simsync.inventory_summary AS
  SELECT project, provider, type, status, profile_status, count(*) AS sims
  FROM simsync.inventory
  GROUP BY project, provider, type, status, profile_status;
COMMENT ON VIEW simsync.inventory_summary IS 'Present SIMs counted by project, provider, type, status and profile status.';
