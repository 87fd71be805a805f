// The states that data-forbidden.ts tries, and the rows that it tries them on.
import { breakerRows, forbiddenOfBreakers, optionalOfBreakers } from './data-forbidden-breakers.ts'
import { externalRows, forbiddenExternal } from './data-forbidden-external.ts'
import { forbiddenOfLedger, insertedOfLedger, ledgerRows, optionalOfLedger } from './data-forbidden-ledger.ts'
import { forbiddenOfMail, mailRows, optionalOfMail } from './data-forbidden-mail.ts'
import { forbiddenOfPayments, forbiddenOfSteps, optionalOfPayments, paymentRows } from './data-forbidden-payments.ts'
import { forbiddenOfReviews, reviewRows } from './data-forbidden-reviews.ts'
import { forbiddenOfSchedules, optionalOfSchedules, scheduleRows } from './data-forbidden-schedules.ts'
import { forbiddenOfSessions, sessionRows } from './data-forbidden-sessions.ts'
import { forbiddenOfUploads, optionalOfUploads, uploadRows } from './data-forbidden-uploads.ts'

const uuid = (number: number) => `'00000000-0000-7000-8000-${String(number).padStart(12, '0')}'`
const [client, worker, other, nobody] = [uuid(1), uuid(2), uuid(3), uuid(99)]
const [firstJob, secondJob] = [uuid(11), uuid(12)]
const contracts = { first: uuid(31), second: uuid(32) }
const [firstEvent, secondEvent] = [uuid(41), uuid(42)]

// At least two rows in each table, so that a unique constraint has something to refuse.
export const rows = `
  INSERT INTO users (id, email, name, role, password_hash) VALUES
    (${client}, 'one@example.com', 'One', 'client', '$argon2id$'), (${worker}, 'two@example.com', 'Two', 'worker', '$argon2id$'),
    (${other}, 'three@example.com', 'Three', 'worker', '$argon2id$');
  INSERT INTO jobs (id, client_id, slug, title, description, category, budget_amount, budget_currency, status, published_at) VALUES
    (${firstJob}, ${client}, 'first-job', 'First', 'Work', 'other', 100, 'EUR', 'open', now()),
    (${secondJob}, ${client}, 'second-job', 'Second', 'Work', 'other', 100, 'EUR', 'open', now());
  INSERT INTO applications (id, job_id, worker_id, cover_letter) VALUES
    (${uuid(21)}, ${firstJob}, ${worker}, 'I'), (${uuid(22)}, ${firstJob}, ${other}, 'I'), (${uuid(23)}, ${secondJob}, ${worker}, 'I');
  INSERT INTO contracts (id, job_id, application_id, client_id, worker_id, amount, currency) VALUES
    (${uuid(31)}, ${firstJob}, ${uuid(21)}, ${client}, ${worker}, 100, 'EUR'),
    (${uuid(32)}, ${secondJob}, ${uuid(23)}, ${client}, ${worker}, 100, 'EUR');
  INSERT INTO notifications (user_id, event_id, kind, data) VALUES
    (${worker}, ${firstEvent}, 'k', '{}'), (${client}, ${firstEvent}, 'k', '{}'), (${worker}, ${secondEvent}, 'k', '{}');
  INSERT INTO outbox (id, aggregate, kind, payload) VALUES (${firstEvent}, 'a', 'k', '{}'), (${secondEvent}, 'a', 'k', '{}');
  INSERT INTO inbox (event_id, consumer) VALUES (${firstEvent}, 'c'), (${secondEvent}, 'c');
  INSERT INTO idempotency_keys (caller, route, key, body_hash) VALUES ('c', 'r', 'k', ''), ('c', 'r', 'l', '');
  ${sessionRows(client, uuid(51), uuid(52))};
  INSERT INTO operations (id, user_id, kind, expires_at) VALUES
    (${uuid(61)}, ${client}, 'data-export', now()), (${uuid(62)}, ${client}, 'data-export', now());
  INSERT INTO data_exports (id, user_id, operation_id) VALUES
    (${uuid(71)}, ${client}, ${uuid(61)}), (${uuid(72)}, ${worker}, ${uuid(62)});
  ${mailRows({ client, worker, nobody })};
  ${externalRows(client, worker)};
  ${breakerRows({ client, nobody })};
  ${ledgerRows({ client, worker, nobody }, contracts)};
  ${reviewRows({ client, worker, nobody }, contracts)};
  ${paymentRows({ client, worker, nobody }, contracts)};
  ${scheduleRows};
  ${uploadRows({ client, worker })};
  INSERT INTO notification_counts (user_id, last) VALUES (${client}, 1), (${worker}, 1);
  INSERT INTO flags (name, is_on, split, rules, changed_by, changed_at) VALUES
    ('one', true, '[]', '[]', ${client}, now()), ('two', true, '[]', '[]', ${client}, now());
  INSERT INTO audit_log (action, object_type, object_id) VALUES ('a', 't', ${firstJob}), ('b', 't', ${firstJob});
  INSERT INTO person_keys (user_id, sealed_key) VALUES (${client}, 'k'), (${worker}, 'k');
  INSERT INTO audit_seals (number, row_ids, row_count, hashes, root, previous, seen_txid, floor_id, sealed_at, key_id, signature) VALUES
    (1, '{[1,2)}', 1, sha256('1'), '', '', 0, 0, now(), 'k', ''), (2, '{[2,3)}', 1, sha256('2'), '', '', 0, 0, now(), 'k', '');
  -- For what their constraints refuse: that they can't be changed at all is another control.
  ALTER TABLE audit_log DISABLE TRIGGER USER;
  ALTER TABLE audit_seals DISABLE TRIGGER USER`

/** By table and constraint: what is set in every row, or in those of a WHERE. */
export const forbidden: Record<string, Record<string, string | string[]>> = {
  users: {
    users_pkey: `id = ${nobody}`,
    users_email_unique: "email = 'same@example.com'",
    users_email_normal: ["email = 'Capitals@example.com'", "email = 'a'", "email = repeat('a', 255)"],
    users_name_length: ["name = ''", "name = repeat('n', 101)"],
    users_role_known: "role = 'captain'",
    users_tier_known: "tier = 'gold'",
    users_password_hashed: "password_hash = 'plain'",
    users_version_positive: 'version = 0',
  },
  jobs: {
    jobs_pkey: `id = ${nobody}`,
    jobs_client_exists: `client_id = ${nobody}`,
    jobs_slug_unique: "slug = 'same-slug'",
    jobs_slug_shape: [
      "slug = 'Capitals'",
      "slug = 'two--dashes'",
      "slug = '-dash'",
      "slug = 'ab'",
      "slug = repeat('a', 101)",
    ],
    jobs_title_length: ["title = 'ab'", "title = repeat('t', 161)"],
    jobs_description_length: ["description = ''", "description = repeat('d', 10001)"],
    jobs_category_known: "category = 'piracy'",
    jobs_skills_bounded: "skills = array_fill('rope'::text, ARRAY[21])",
    jobs_budget_positive: ['budget_amount = 0', 'budget_amount = -1', 'budget_amount = 1000000000001'],
    jobs_currency_shape: ["budget_currency = 'eur'", "budget_currency = 'EURO'"],
    jobs_status_known: "status = 'lost'",
    jobs_draft_is_unpublished: ["status = 'draft'", 'published_at = NULL'],
    jobs_closed_has_a_time: ["status = 'closed'", 'closed_at = now()'],
    jobs_version_positive: 'version = 0',
  },
  applications: {
    applications_pkey: `id = ${nobody}`,
    applications_job_exists: `job_id = ${nobody} WHERE id = ${uuid(22)}`,
    applications_worker_exists: `worker_id = ${nobody} WHERE id = ${uuid(22)}`,
    applications_once_per_job: `worker_id = ${worker} WHERE id = ${uuid(22)}`,
    applications_cover_letter_length: ["cover_letter = ''", "cover_letter = repeat('c', 5001)"],
    applications_status_known: "status = 'lost'",
    applications_one_accepted: `status = 'accepted' WHERE job_id = ${firstJob}`,
  },
  contracts: {
    contracts_pkey: `id = ${nobody}`,
    contracts_job_unique: `job_id = ${firstJob}`,
    contracts_job_exists: `job_id = ${nobody} WHERE id = ${uuid(31)}`,
    contracts_application_unique: `application_id = ${uuid(21)}`,
    contracts_application_exists: `application_id = ${nobody} WHERE id = ${uuid(31)}`,
    contracts_client_exists: `client_id = ${nobody}`,
    contracts_worker_exists: `worker_id = ${nobody}`,
    contracts_amount_positive: ['amount = 0', 'amount = -1', 'amount = 1000000000001'],
    contracts_currency_shape: "currency = 'eur'",
    contracts_status_known: "status = 'lost', funded_at = now()",
    contracts_two_parties: 'worker_id = client_id',
    ...forbiddenOfSteps({ client, worker, nobody }),
  },
  notifications: {
    notifications_pkey: `id = ${nobody}`,
    notifications_user_exists: `user_id = ${nobody} WHERE user_id = ${client}`,
    notifications_once_per_event: `event_id = ${firstEvent}`,
    notifications_by_number: 'number = 1',
    notifications_number_positive: 'number = 0',
  },
  outbox: {
    outbox_id_unique: `id = ${firstEvent}`,
    outbox_traceparent_form: "traceparent = 'none'",
    outbox_dead_has_error: ['dead_at = now()', "error = 'why'"],
    outbox_ends_once: "handled_at = now(), dead_at = now(), error = 'why'",
  },
  operations: {
    operations_pkey: `id = ${nobody}`,
    operations_user_exists: `user_id = ${nobody}`,
    operations_kind_shape: ["kind = 'Two words'", "kind = repeat('k', 61)"],
    operations_status_known: "status = 'lost'",
    operations_end_has_a_time: ["status = 'succeeded'", 'finished_at = now()'],
    operations_failure_has_error: ["error = 'why'", "status = 'failed', finished_at = now()"],
    operations_error_length: ["status = 'failed', finished_at = now(), error = ''"],
    operations_result_of_success: "result = '{}'",
  },
  data_exports: {
    data_exports_pkey: `id = ${nobody}`,
    data_exports_user_exists: `user_id = ${nobody} WHERE id = ${uuid(71)}`,
    data_exports_operation_unique: `operation_id = ${uuid(61)}`,
    data_exports_operation_exists: `operation_id = ${nobody} WHERE id = ${uuid(71)}`,
    data_exports_one_open: `user_id = ${client}`,
    data_exports_sealed_has_an_end: "sealed = 'text', ended_at = now()",
    data_exports_sealed_has_ended: "sealed = 'text', expires_at = now()",
  },
  // The migration puts two rows in.
  notification_counts: {
    notification_counts_pkey: `user_id = ${client}`,
    notification_counts_user_exists: `user_id = ${nobody} WHERE user_id = ${client}`,
    notification_counts_positive: 'last = 0',
  },
  flags: {
    flags_pkey: "name = 'one'",
    flags_id_unique: `id = ${nobody}`,
    flags_changed_by_exists: `changed_by = ${nobody}`,
    flags_name_shape: ["name = 'Lights On'", "name = repeat('n', 101)"],
    flags_split_is_a_list: "split = '{}'",
    flags_rules_are_a_list: "rules = '7'",
  },
  switches: {
    switches_pkey: "name = 'read-only'",
    switches_id_unique: `id = ${nobody}`,
    switches_changed_by_exists: `changed_by = ${nobody}, changed_at = now()`,
    switches_name_known: "name = 'lights-off'",
    switches_on_has_a_reason: ['is_on = true', "reason = 'why'"],
    switches_reason_length: ["is_on = true, reason = ''", "is_on = true, reason = repeat('r', 501)"],
    switches_change_is_whole: ['changed_at = now()', `changed_by = ${client}`],
  },
  ...forbiddenOfSessions(nobody),
  external_identities: forbiddenExternal(nobody),
  person_keys: {
    person_keys_pkey: `user_id = ${other}`,
    person_keys_user_exists: `user_id = ${nobody} WHERE user_id = ${client}`,
  },
  audit_seals: {
    audit_seals_pkey: 'number = 3',
    audit_seals_number_positive: 'number = 0 WHERE number = 1',
    audit_seals_hash_for_each_row: ['row_count = 0', 'row_count = 2', "hashes = ''"],
  },
  ...forbiddenOfMail({ client, worker, nobody }),
  ...forbiddenOfBreakers({ client, nobody }),
  ...forbiddenOfLedger({ client, worker, nobody }, contracts),
  ...forbiddenOfReviews({ client, worker, nobody }, contracts),
  ...forbiddenOfPayments({ client, worker, nobody }, contracts),
  ...forbiddenOfSchedules,
  uploads: forbiddenOfUploads({ client, nobody }),
  inbox: { inbox_pkey: `event_id = ${firstEvent}` },
  idempotency_keys: {
    idempotency_keys_pkey: "key = 'same'",
    idempotency_keys_length: ["key = ''", "key = repeat('k', 256)"],
  },
}

/** What UPDATE can't try, because the database itself gives these numbers, or because it is about several rows. */
export const inserted: Record<string, string> = {
  outbox_pkey:
    'INSERT INTO outbox (position, aggregate, kind, payload) OVERRIDING SYSTEM VALUE SELECT position, aggregate, kind, payload FROM outbox',
  audit_log_pkey:
    'INSERT INTO audit_log (id, action, object_type, object_id) OVERRIDING SYSTEM VALUE SELECT id, action, object_type, object_id FROM audit_log',
  ...insertedOfLedger(contracts),
}

/** Every other column has to be there. */
export const optional = [
  ...[
    'jobs.published_at',
    'jobs.closed_at',
    'jobs.deleted_at',
    'notifications.read_at',
    'notifications.mailed_at',
    'notifications.number',
  ],
  ...['operations.result', 'operations.error', 'operations.finished_at'],
  ...['data_exports.sealed', 'data_exports.ended_at', 'data_exports.expires_at'],
  ...[
    'outbox.request_id',
    'outbox.traceparent',
    'outbox.published_at',
    'outbox.handled_at',
    'outbox.dead_at',
    'outbox.error',
  ],
  ...['idempotency_keys.status', 'idempotency_keys.body'],
  ...['audit_log.actor_id', 'audit_log.actor_role', 'audit_log.request_id', 'audit_log.address_hash'],
  ...['audit_log.before', 'audit_log.after', 'audit_log.person_id'],
  ...['users.email_verified_at', 'users.blocked_at', 'users.erased_at'],
  ...['sessions.ended_at', 'sessions.ended_because'],
  ...['refresh_tokens.used_at', 'refresh_tokens.successor', 'refresh_tokens.forgiven_at'],
  ...optionalOfMail,
  ...optionalOfBreakers,
  ...optionalOfLedger,
  ...optionalOfPayments,
  ...optionalOfSchedules,
  ...optionalOfUploads,
  ...['switches.reason', 'switches.changed_by', 'switches.changed_at'],
]
