// The part of data-forbidden.ts about what is done at fixed times, backups included.
export const scheduleRows = `
  INSERT INTO schedules (name, cron) VALUES ('purge', '0 3 * * *'), ('digest', '0 8 * * *');
  INSERT INTO schedule_runs (name, slot) VALUES ('purge', now()), ('purge', now() - interval '1 day');
  INSERT INTO daily_figures (day, name, value) VALUES (now(), 'jobs', 1), (now() - interval '1 day', 'jobs', 1);
  INSERT INTO backups (kind, finished_at) VALUES ('logical', now()), ('drill', now())`

export const forbiddenOfSchedules: Record<string, Record<string, string | string[]>> = {
  schedules: {
    schedules_pkey: "name = 'same'",
    schedules_name_shape: ["name = 'The Purge' WHERE name = 'purge'", "name = repeat('p', 61) WHERE name = 'purge'"],
    schedules_cron_length: ["cron = '* * * *'", "cron = repeat('*', 101)"],
  },
  schedule_runs: {
    schedule_runs_pkey: 'slot = now()',
    schedule_runs_tries_positive: 'tries = 0',
    schedule_runs_error_length: ["error = ''", "error = repeat('e', 501)"],
    schedule_runs_finished_without_error: "finished_at = now(), error = 'failed'",
    schedule_runs_result_of_finished: "result = '{}'",
  },
  backups: {
    backups_pkey: "kind = 'drill'",
    backups_kind_known: "kind = 'partial'",
    backups_bytes_not_negative: 'bytes = -1',
    backups_seconds_not_negative: 'seconds = -1',
  },
  daily_figures: {
    daily_figures_pkey: 'day = now()',
    daily_figures_value_bounds: 'value = -1',
  },
}

const optionalOfBackups = ['finished_at', 'started_at', 'failed_at', 'bytes', 'seconds'].map(
  (name) => `backups.${name}`,
)
export const optionalOfSchedules = [
  ...['schedule_runs.finished_at', 'schedule_runs.error', 'schedule_runs.result'],
  ...optionalOfBackups,
]
