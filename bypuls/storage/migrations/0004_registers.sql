-- Registers (counters that only grow): swapped meters tell their closing and opening register, and hours hold what was
-- used in them, interpolated to the hour's edges.

-- Property and channel are '' where an event is the device's as a whole: a device may have several registers, swapped at once.
ALTER TABLE device_event ADD property text NOT NULL DEFAULT '', ADD channel text NOT NULL DEFAULT '';
ALTER TABLE device_event DROP CONSTRAINT device_event_pkey, ADD PRIMARY KEY (device, time, kind, property, channel);
CREATE INDEX device_event_swaps ON device_event (device, property, channel, time) WHERE kind = 'swapped_meter';

-- Of a register's hour: `increase` is all that was used in it, `gap_increase` the part that is interpolated across a gap
-- (null: none is), `covered` the share of the hour that lies between readings, `dropped` the readings that cannot be.
ALTER TABLE rollup_1h ADD covered double precision, ADD dropped integer;
ALTER TABLE rollup_1h_history ADD covered double precision, ADD dropped integer;

-- What is stored was worked out otherwise.
INSERT INTO changed_bucket (datastream, bucket)
SELECT r.datastream, r.bucket FROM rollup_5m r
JOIN datastream d ON d.id = r.datastream JOIN observed_property p ON p.id = d.property
WHERE p.aggregation = 'counter';
