// The part of data-forbidden.ts about links in mails and the second factor.
type People = { client: string; worker: string; nobody: string }

const seed = `'k.${'a'.repeat(16)}.${'a'.repeat(22)}.${'a'.repeat(27)}'`

export const mailRows = ({ client, worker }: People) => `
  INSERT INTO mail_links (user_id, kind, hash, new_email, expires_at, used_at) VALUES
    (${client}, 'magic-link', sha256('1'), NULL, now(), NULL),
    (${worker}, 'email-change', sha256('2'), 'new@example.com', now(), now());
  INSERT INTO totp (user_id, sealed_seed) VALUES (${client}, ${seed}), (${worker}, ${seed});
  INSERT INTO recovery_codes (user_id, hash) VALUES (${client}, sha256('1')), (${client}, sha256('2'))`

export const forbiddenOfMail = ({ client, nobody }: People): Record<string, Record<string, string | string[]>> => ({
  mail_links: {
    mail_links_pkey: `id = ${nobody}`,
    mail_links_user_exists: `user_id = ${nobody}`,
    mail_links_kind_known: "kind = 'chain-letter', new_email = NULL",
    mail_links_hash_unique: "hash = sha256('same')",
    mail_links_hash_length: "hash = 'plain'",
    mail_links_used_after_sent: 'hash = NULL, used_at = now()',
    mail_links_change_has_address: ['new_email = NULL', "kind = 'magic-link', new_email = 'a@example.com'"],
    mail_links_new_email_normal: [
      "kind = 'email-change', new_email = 'Capitals@example.com'",
      "kind = 'email-change', new_email = 'a'",
      "kind = 'email-change', new_email = repeat('a', 255)",
    ],
    mail_links_old_email_after_change: [
      "old_email = 'a@example.com' WHERE new_email IS NULL",
      "old_email = 'a@example.com', used_at = NULL WHERE new_email IS NOT NULL",
    ],
  },
  totp: {
    totp_pkey: `user_id = ${client}`,
    totp_user_exists: `user_id = ${nobody} WHERE user_id = ${client}`,
    totp_seed_sealed: ["sealed_seed = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'", "sealed_seed = ''"],
  },
  recovery_codes: {
    recovery_codes_pkey: "hash = sha256('same')",
    recovery_codes_user_exists: `user_id = ${nobody}`,
    recovery_codes_hash_length: "hash = '7k3fq-0v9xt-hm2da-p8wzc'",
  },
})

export const optionalOfMail: readonly string[] = [
  ...['mail_links.hash', 'mail_links.new_email', 'mail_links.old_email', 'mail_links.session_id', 'mail_links.used_at'],
  ...['totp.confirmed_at', 'recovery_codes.used_at'],
]
