// Whether what happens is told as it happens, whichever replica somebody is connected to.
import { type Control, control, removed, source, sources } from '../control.ts'
import { tellsWhereverTheStreamIs } from '../probes/scale-streams.ts'

const live = 'src/modules/notifications/live.service.ts'
const streams = 'src/plugins/streams.ts'
const routes = 'src/modules/notifications/live.routes.ts'
const nobody = "request.viewer ?? { id: '00000000-0000-7000-8000-000000000000', role: 'client' }"

export const scaleStreams: Control[] = [
  control({
    id: 'SCA-02',
    level: 'must',
    holds:
      'Notifications reach a user over WebSocket whichever replica holds the stream: once, in order, and as the list has them; streams are authenticated, of known origins, limited, pinged, given up when they are not read, and closed with 1012 when their replica ends.',
    because:
      'Fan-out within one process works until there are two. Streams that nobody counts, pings or drains outlive their sessions, and fill the memory of a process whose clients have gone to sleep.',
    code: [streams, live, 'src/lib/bell.ts', 'src/modules/notifications/live.repository.ts', 'nginx/site.conf'],
    runbook: 'docs/live-notifications.md#when-it-does-not-work',
    needs: ['api', 'worker', 'redis', 'database'],
    // The regular look would hide that nobody rang.
    own: { STREAM_LOOK_MS: '600000', STREAM_PING_MS: '1000', STREAMS_PER_USER: '2' },
    probe: tellsWhereverTheStreamIs,
    sabotages: [
      source(
        'only this process is told',
        'src/lib/bell.ts',
        '    if (redis) redis.publish(',
        '    if (!redis) Object(redis).publish(',
        {
          red: 'not-told',
        },
      ),
      source('what was sent is sent again', live, '      listener.after = number\n', '', { red: 'not-once-in-order' }),
      source(
        'what was missed comes the other way round',
        'src/modules/notifications/live.repository.ts',
        '.orderBy(notifications.userId, notifications.number)',
        '.orderBy(notifications.userId, sql`number DESC`)',
        {
          red: 'missed',
        },
      ),
      sources(
        'streams are open to strangers',
        [
          { file: routes, find: "access: 'user', limit: 'read'", replace: "access: 'optional', limit: 'read'" },
          { file: routes, find: 'live.listen(request.actor,', replace: `live.listen(${nobody},` },
        ],
        { red: 'let-in' },
      ),
      source('pages of any origin may listen', streams, ': origins.includes(origin)', ': origins !== undefined', {
        red: 'let-in',
      }),
      source('a user has as many as they like', live, 'if (own.size >= mostOfOne)', 'if (own.size < 0)', {
        red: 'no-limit',
      }),
      source(
        'nobody looks whether a ping was answered',
        live,
        'if (!listener.isAlive) socket.terminate()',
        'if (listener.isAlive === undefined) socket.terminate()',
        {
          red: 'silent-goes-on',
        },
      ),
      source('whoever does not read is sent all the same', live, '= [50, 500]', '= [5000, 500]', {
        red: 'slow-goes-on',
      }),
      source(
        'nobody gives up on whoever does not read',
        live,
        'if (!listener.isAlive && socket.bufferedAmount > 0)',
        'if (!listener.isAlive && socket.bufferedAmount < 0)',
        { red: 'slow-goes-on' },
      ),
      source(
        'a replica that ends says nothing',
        live,
        "        for (const listener of all()) end(listener, codes.restart, 'Connect again')\n",
        '',
        {
          red: 'not-told-to-leave',
        },
      ),
      source(
        'what was missed is not sent',
        live,
        'listener.after = Math.min(after ?? last, last)',
        'listener.after = last',
        { red: 'missed' },
      ),
      removed(
        'src/app.ts',
        '  await app.register(streams, { origins: config.edge.pageOrigins, isDraining: services.readiness.isDraining })',
        {
          red: 'not-answered',
        },
      ),
    ],
  }),
]
