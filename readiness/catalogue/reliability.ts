import { type Control, control, red, source } from '../control.ts'

export const reliability: Control[] = [
  control({
    id: 'REL-01',
    level: 'must',
    holds: 'x',
    because: 'x',
    code: ['src/plugins/health.ts'],
    runbook: 'docs/runbooks/health.md#not-live',
    needs: ['api', 'redis'],
    own: {},
    async probe({ api, link, redis }) {
      await link.cut()
      redis.kill('SIGKILL')
      const live = await api.anonymous('GET', '/health/live')
      if (live.status !== 200) red('not-live', live.text)
      await link.mend()
      return { status: live.status }
    },
    sabotages: [
      source(
        'live asks the database',
        'src/plugins/health.ts',
        '    live,\n  )',
        "    async () => {\n      if ((await readiness.verdict()).status !== 'ready') throw new AppError(503, 'NOT_READY', 'not ready')\n      return live()\n    },\n  )",
        { red: 'not-live' },
      ),
    ],
  }),
]
