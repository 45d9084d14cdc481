-- Places of the audit trail by time.

-- Which entries of the trail are of an hour, so that those of a time are found by their ids. Clocks may
-- be set back: the hours then overlap, and no entry is missed.
CREATE TABLE audit_hours (
    hour INTEGER PRIMARY KEY,           -- Unix seconds divided by 3600
    first_id INTEGER NOT NULL,
    last_id INTEGER NOT NULL
) STRICT;
INSERT INTO audit_hours SELECT at / 3600, min(id), max(id) FROM audit GROUP BY at / 3600;
CREATE TRIGGER audit_hour_of_entry AFTER INSERT ON audit
BEGIN
    INSERT INTO audit_hours VALUES (NEW.at / 3600, NEW.id, NEW.id)
    ON CONFLICT (hour) DO UPDATE SET last_id = excluded.last_id;
END;
