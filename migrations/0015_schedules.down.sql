DROP INDEX jobs_open_since;
DROP INDEX notifications_waiting;
DROP TABLE daily_figures;
DROP TABLE schedule_runs;
DROP TABLE schedules;
