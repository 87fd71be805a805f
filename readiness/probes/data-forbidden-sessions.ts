// The part of data-forbidden.ts about sessions.
export const sessionRows = (client: string, first: string, second: string) => `
  INSERT INTO sessions (id, user_id, user_agent, address_hash) VALUES
    (${first}, ${client}, 'a', 'h'), (${second}, ${client}, 'a', 'h');
  INSERT INTO refresh_tokens (hash, session_id) VALUES (sha256('1'), ${first}), (sha256('2'), ${second})`

export const forbiddenOfSessions = (nobody: string): Record<string, Record<string, string | string[]>> => ({
  sessions: {
    sessions_pkey: `id = ${nobody}`,
    sessions_user_known: `user_id = ${nobody}`,
    sessions_user_agent_length: "user_agent = repeat('a', 201)",
    sessions_end_has_reason: ['ended_at = now()', "ended_because = 'why'"],
  },
  refresh_tokens: {
    refresh_tokens_pkey: "hash = sha256('same')",
    refresh_tokens_session_known: `session_id = ${nobody}`,
    refresh_tokens_hash_length: "hash = 'plain'",
    refresh_tokens_forgiven_after_use: 'forgiven_at = now()',
    refresh_tokens_successor_after_use: "successor = ''",
  },
})
