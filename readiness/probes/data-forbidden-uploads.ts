// The part of data-forbidden.ts about the files that people keep.
type People = { client: string; worker: string; nobody: string }

const [first, second] = ["'00000000-0000-7000-8000-000000000161'", "'00000000-0000-7000-8000-000000000162'"]

export const uploadRows = ({ client, worker }: Omit<People, 'nobody'>) => `
  INSERT INTO uploads (id, user_id, object, slot, name, media_type, size) VALUES
    (${first}, ${client}, ${first}, 1, 'one.pdf', 'application/pdf', 1),
    (${second}, ${client}, ${second}, 2, 'two.pdf', 'application/pdf', 1),
    (DEFAULT, ${worker}, gen_random_uuid(), 1, 'one.pdf', 'application/pdf', 1)`

export const forbiddenOfUploads = ({ client, nobody }: Omit<People, 'worker'>) => ({
  uploads_pkey: `id = ${nobody}`,
  uploads_user_exists: `user_id = ${nobody} WHERE id = ${first}`,
  uploads_object_unique: `object = ${first}`,
  uploads_one_per_slot: `slot = 3 WHERE user_id = ${client}`,
  uploads_slot_bounds: [`slot = 0 WHERE id = ${first}`, `slot = 1001 WHERE id = ${first}`],
  uploads_name_shape: ["name = ''", "name = repeat('n', 201)", "name = 'a/b'", "name = 'a\\b'", "name = E'a\\nb'"],
  uploads_media_type_known: "media_type = 'text/html'",
  uploads_size_bounds: ['size = 0', 'size = 20971521'],
})

export const optionalOfUploads = ['uploads.stored_at', 'uploads.removed_at']
