// The part of the forbidden states about breakers: see data-forbidden.ts.
type People = { client: string; nobody: string }

const [first, second] = ["'00000000-0000-7000-8000-000000000081'", "'00000000-0000-7000-8000-000000000082'"]

export const breakerRows = ({ client }: People) => `
  INSERT INTO breakers (process, name, service, host, state, failures) VALUES
    (${first}, 'mail', 's', 'h', 'closed', 0), (${second}, 'mail', 's', 'h', 'closed', 0);
  INSERT INTO breaker_resets (name, reset_by) VALUES ('mail', ${client}), ('cache', ${client})`

export const forbiddenOfBreakers = ({ nobody }: People) => ({
  breakers: {
    breakers_pkey: `process = ${first}`,
    breakers_name_shape: ["name = 'Two words'", "name = repeat('k', 61)"],
    breakers_service_length: ["service = ''", "service = repeat('s', 101)"],
    breakers_host_length: ["host = ''", "host = repeat('h', 256)"],
    breakers_state_known: "state = 'ajar', opened_at = now()",
    breakers_failures_not_negative: 'failures = -1',
    breakers_open_has_a_time: ["state = 'open'", 'opened_at = now()'],
  },
  breaker_resets: {
    breaker_resets_pkey: "name = 'other'",
    breaker_resets_id_unique: `id = ${nobody}`,
    breaker_resets_reset_by_exists: `reset_by = ${nobody}`,
    breaker_resets_name_shape: ["name = 'Two words'", "name = repeat('k', 61)"],
  },
})

export const optionalOfBreakers = ['breakers.opened_at']
