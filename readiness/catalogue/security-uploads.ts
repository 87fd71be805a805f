import { type Control, config, control, removed, source, sources } from '../control.ts'
import { uploadsAreHarmless } from '../probes/security-uploads.ts'

const service = 'src/modules/uploads/uploads.service.ts'
const repository = 'src/modules/uploads/uploads.repository.ts'
const routes = 'src/modules/uploads/uploads.routes.ts'
const look = '    const mediaType = await lookAt(actor, bytes, declared)\n'

export const securityUploads: Control[] = [
  control({
    id: 'SEC-39',
    level: 'should',
    holds:
      'Uploads are what their bytes say, of a size and a number that are bounded under concurrency; they are stored under random names outside of all that is served, for this user alone, given to their owner only and as attachments that no browser shows or runs, and gone when they are deleted, also when a process died in between.',
    because:
      'A page that was uploaded as a picture and shown in place runs as the service itself; a name with a path in it has overwritten more than one server.',
    code: [
      service,
      repository,
      routes,
      'src/modules/uploads/types.ts',
      'src/modules/uploads/names.ts',
      'src/lib/objects.ts',
    ],
    runbook: 'docs/uploads.md#when-it-does-not-work',
    needs: ['api', 'worker', 'redis', 'mail', 'database'],
    // The probe takes the folder away for a moment.
    own: {},
    lacks:
      'A bucket is tried by `npm run test:uploads`, which needs Go; nothing looks for malware in what is a right PDF.',
    probe: uploadsAreHarmless,
    sabotages: [
      source(
        'the file name is trusted',
        service,
        look,
        "    const mediaType: MediaType = disposition?.includes('.pdf') ? 'application/pdf' : await lookAt(actor, bytes, declared)\n",
        { red: 'disguise-taken' },
      ),
      source(
        'the Content-Type is trusted',
        service,
        look,
        "    const mediaType: MediaType = declared === 'application/pdf' ? declared : await lookAt(actor, bytes, declared)\n",
        { red: 'disguise-taken' },
      ),
      source(
        'a Content-Type may say something else than the bytes',
        service,
        'if (found && agrees(declared, found)) return found',
        'if (found) return found',
        { red: 'contradiction-taken' },
      ),
      source(
        'nobody is told of what was refused',
        service,
        "    security('upload.refused'",
        "    if (!found) security('mfa.failed'",
        {
          red: 'refusal-not-recorded',
        },
      ),
      config('the largest upload is four times as large', { UPLOAD_MAX_BYTES: '20971520' }, { red: 'too-large-taken' }),
      source(
        'other routes take as much',
        'src/app.ts',
        'bodyLimit: config.http.bodyLimit',
        'bodyLimit: config.uploads.maxBytes',
        { red: 'other-routes-take-more' },
      ),
      sources(
        'a file is called as its owner calls it',
        [
          { file: service, find: 'await objects.put(object, bytes)', replace: 'await objects.put(row.name, bytes)' },
          { file: 'src/lib/objects.ts', find: 'if (!ours.test(name))', replace: 'if (!name)' },
        ],
        { red: 'name-from-caller' },
      ),
      source('others on the machine can read it', 'src/lib/object-folder.ts', '0o600', '0o644', {
        red: 'readable-by-others',
      }),
      source('a browser shows it in place', 'src/modules/uploads/names.ts', "type: 'attachment'", "type: 'inline'", {
        red: 'shown-in-place',
      }),
      source(
        'a browser may run it',
        routes,
        `          'content-security-policy': "default-src 'none'; sandbox",\n`,
        '',
        { red: 'may-run' },
      ),
      source(
        'whoever knows the id gets it',
        repository,
        'and(eq(uploads.id, id), eq(uploads.userId, userId), isVisible)',
        'and(eq(uploads.id, id), isVisible)',
        { red: 'shown-to-another' },
      ),
      config('one more upload is allowed', { UPLOADS_PER_USER: '11' }, { red: 'more-than-allowed' }),
      source(
        'of those at once each counts for itself',
        service,
        '      if (!(await holdPerson(tx, actor.id))) throw accountGone()\n',
        '',
        { red: 'fails-at-once' },
      ),
      source('the bytes of a removed one stay', service, '    await objects.remove(object)\n', '', {
        red: 'bytes-stay',
      }),
      removed('src/purges.ts', '    uploads: await uploads.sweep(),', { red: 'orphan-stays' }),
      source(
        'a failure of the store leaves its row',
        service,
        '      await abandon([{ id, userId: actor.id }])\n',
        '',
        {
          red: 'half-done',
        },
      ),
    ],
  }),
]
