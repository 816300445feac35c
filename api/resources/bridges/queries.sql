-- name: bridges
-- Every station of every bridge that is set up, and how far it is.
SELECT s.bridge, b.document->>'bridge' AS service, b.city, b.enabled, s.station, s.device, s.newest,
       extract(epoch FROM %(now)s - s.newest)::double precision AS behind_seconds, s.complete_to, s.last_run,
       s.last_success, s.last_error, s.failures, s.next_run, s.published, s.corrected, s.left_out
FROM bridge_station s JOIN bridge b ON b.name = s.bridge
WHERE true {where} {page}

-- name: where_city
b.city = %(city)s

-- name: where_bridge
s.bridge = %(bridge)s

-- name: where_failed
(s.last_error IS NOT NULL) = %(failed)s
