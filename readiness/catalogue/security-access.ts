import { type Control, control, removed, source } from '../control.ts'
import { everyCallerMeetsTheAccess, strangersMeetTheAccess } from '../probes/security-access.ts'
import { othersMeetNothing } from '../probes/security-owners.ts'

export const securityAccess: Control[] = [
  control({
    id: 'SEC-12',
    level: 'must',
    holds:
      'Every route says who may call it: strangers get 401 and other roles 403, as a table written by hand has it, and a route that says nothing stops the boot.',
    because:
      'A route that somebody forgot to close is open to all, and nobody sees it until the data of customers is on sale.',
    code: ['src/plugins/authorise.ts', 'src/plugins/controls.ts', 'src/plugins/openapi.ts'],
    runbook: 'docs/runbooks/identity.md#a-route-lets-the-wrong-people-in',
    needs: ['api'],
    probe: everyCallerMeetsTheAccess,
    look: strangersMeetTheAccess,
    sabotages: [
      removed('src/app.ts', '  await app.register(authorise, { security })', { red: 'stranger-let-in' }),
      source(
        'the status page of the staff is public',
        'src/plugins/health.ts',
        "config: { access: ['support', 'admin'], limit: 'read' }",
        "config: { access: 'public', limit: 'read' }",
        { red: 'stranger-let-in' },
      ),
      source(
        'the status page of the staff is for whoever is signed in',
        'src/plugins/health.ts',
        "config: { access: ['support', 'admin'], limit: 'read' }",
        "config: { access: 'user', limit: 'read' }",
        { red: 'role-let-in' },
      ),
      source(
        'the boot takes routes that say nothing',
        'src/plugins/controls.ts',
        'if (faults.length > 0)',
        'if (false)',
        {
          red: 'undeclared-route-boots',
        },
      ),
      source(
        'there is a route that nobody put into the table',
        'src/modules/contracts/contracts.routes.ts',
        "  app.get(\n    '/:id',",
        `  app.get('/latest', { schema: { operationId: 'getLatest', response: { 200: ContractPage } }, config: { access: 'user', limit: 'read' } }, (request) =>
    contracts.list(request.actor, { limit: 1 }),
  )

  app.get(
    '/:id',`,
        { red: 'operation-not-in-table' },
      ),
      source(
        'a route is not in the document',
        'src/plugins/health.ts',
        "operationId: 'getReadyAlias',",
        'hide: true,',
        {
          red: 'operation-not-in-document',
        },
      ),
    ],
  }),

  control({
    id: 'SEC-13',
    level: 'must',
    holds:
      "Nobody reads, changes or finds in a list another party's draft, application, contract, payment, notification or session: 404, for every route of the document with an object in its path.",
    because: 'Ids get around, in links and logs; where the id is enough, one customer reads the contracts of another.',
    code: [
      'src/modules/jobs/jobs.service.ts',
      'src/modules/applications/applications.service.ts',
      'src/modules/contracts/contracts.service.ts',
      'src/modules/payments/payments.service.ts',
      'src/modules/notifications/notifications.repository.ts',
      'src/modules/identity/sessions.repository.ts',
    ],
    runbook: 'docs/runbooks/identity.md#someone-sees-what-is-not-theirs',
    needs: ['api', 'worker', 'database'],
    probe: othersMeetNothing,
    sabotages: [
      source(
        'a contract is shown to whoever has its id',
        'src/modules/contracts/contracts.service.ts',
        "if (!row || !(isStaff(actor) || isParty(row, actor, ['client', 'worker']))) throw",
        'if (!row) throw',
        { red: 'shown-to-another' },
      ),
      source(
        'a payment is shown to whoever has its id',
        'src/modules/payments/payments.service.ts',
        'if (!row || !(isStaff(actor) || row.userId === actor.id)) throw',
        'if (!row) throw',
        { red: 'shown-to-another' },
      ),
      source(
        'a stranger delivers the work of a worker',
        'src/modules/contracts/contracts.service.ts',
        'if (!row || (actor && !isParty(row, actor, parties))) throw',
        'if (!row) throw',
        { red: 'done-for-another' },
      ),
      source(
        'a notification belongs to whoever has its id',
        'src/modules/notifications/notifications.repository.ts',
        'and(eq(notifications.id, id), eq(notifications.userId, userId))',
        'and(eq(notifications.id, id), userId ? undefined : eq(notifications.userId, userId))',
        { red: 'done-for-another' },
      ),
      source(
        'a session is ended by whoever has its id',
        'src/modules/identity/sessions.repository.ts',
        'and(eq(sessions.id, id), eq(sessions.userId, userId))',
        'and(eq(sessions.id, id), userId ? undefined : eq(sessions.userId, userId))',
        { red: 'done-for-another' },
      ),
      source(
        'a worker withdraws the application of another',
        'src/modules/applications/applications.service.ts',
        'if (!found || found.workerId !== actor.id)',
        'if (!found)',
        { red: 'done-for-another' },
      ),
      source(
        "everyone's contracts are listed",
        'src/modules/contracts/contracts.service.ts',
        'isStaff(actor) ? undefined : actor.id',
        'isStaff(actor) || actor.id ? undefined : actor.id',
        { red: 'listed-to-another' },
      ),
      source(
        'there is a route to an object that the probe does not know',
        'src/modules/contracts/contracts.routes.ts',
        "  app.get(\n    '/:id',",
        `  app.get(
    '/:id/price',
    { schema: { operationId: 'getPrice', params: IdParams, response: { 200: Contract } }, config: { access: 'user', limit: 'read' } },
    (request) => contracts.get(request.actor, request.params.id),
  )

  app.get(
    '/:id',`,
        { red: 'object-route-unknown' },
      ),
    ],
  }),
]
