// The same for the links of another issuer's subjects to users.
export const externalRows = (one: string, other: string) =>
  `INSERT INTO external_identities (issuer, subject, user_id) VALUES ('i', 'a', ${one}), ('i', 'b', ${other})`

export const forbiddenExternal = (nobody: string) => ({
  external_identities_pkey: "subject = 'same'",
  external_identities_user_exists: `user_id = ${nobody}`,
  external_identities_issuer_length: ["issuer = ''", "issuer = repeat('i', 501)"],
  external_identities_subject_length: ["subject = ''", "subject = repeat('s', 256)"],
})
