/** How many minutes and hours of the views do not yet show everything that is stored; 0 means settled. */
export const UNSETTLED_SQL = `
SELECT toString(
  (SELECT count() FROM
    (SELECT event_minute, sum(rows_marked) AS marked, max(touched_at) AS touched FROM minute_marks GROUP BY event_minute) AS marks
    LEFT JOIN
    (SELECT event_minute, max(rows_marked) AS recorded, max(computed_at) AS computed
     FROM events_per_minute_store WHERE source = '' AND event_type = '' GROUP BY event_minute) AS heads
    USING (event_minute)
    WHERE marked != recorded OR touched > computed - INTERVAL 1 SECOND)
  +
  (SELECT count() FROM
    (SELECT toStartOfHour(event_minute) AS event_hour, sum(version) AS wanted FROM
      (SELECT event_minute, max(version) AS version
       FROM events_per_minute_store WHERE source = '' AND event_type = '' GROUP BY event_minute)
     GROUP BY event_hour) AS minutes
    LEFT JOIN
    (SELECT event_hour, max(version) AS recorded
     FROM events_per_hour_store WHERE source = '' AND event_type = '' GROUP BY event_hour) AS hours
    USING (event_hour)
    WHERE wanted != recorded)) AS n`;
