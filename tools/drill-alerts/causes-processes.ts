// What happens to a process, its disk, its address.
import type { Broken, Cause } from './cause.ts'
import { collectGarbage, runInside } from './inspector.ts'

// Slices short enough for a scrape to be answered between them.
const restless = `globalThis.restless = true; (function spin() {
  const end = performance.now() + 15
  while (performance.now() < end);
  if (globalThis.restless) setImmediate(spin)
})()`
const leak = `globalThis.leak = []
  const { getHeapStatistics } = process.getBuiltinModule('node:v8')
  const share = () => process.memoryUsage().heapUsed / getHeapStatistics().heap_size_limit
  while (share() < 0.88) globalThis.leak.push(Array.from({ length: 10_000 }, (_, n) => ({ n })))`

export const causesOfProcesses: Cause[] = [
  {
    by: 'nothing: it is sent at all times',
    wave: 1,
    alerts: ['Watchdog'],
    begin: async () => async () => {},
  },
  {
    by: 'the public URL shows a certificate that ends in five days',
    wave: 1,
    // After all others are mended: it has to hold for an hour, and each scrape that a busy API misses begins it anew.
    due: 8,
    alerts: ['CertificateEnds'],
    async begin({ useCertificate }) {
      useCertificate('ending')
      return async () => useCertificate('good')
    },
  },
  {
    by: 'the worker keeps objects until its heap is 88 % full',
    wave: 3,
    alerts: ['MemoryHigh'],
    async begin({ worker }) {
      await runInside(worker.inspector, leak)
      return async () => {
        await runInside(worker.inspector, 'globalThis.leak = undefined')
        await collectGarbage(worker.inspector)
      }
    },
  },
  {
    by: 'the API computes without a rest',
    wave: 4,
    alerts: ['EventLoopBusy'],
    async begin({ api }) {
      await runInside(api.inspector, restless)
      return () => runInside(api.inspector, 'globalThis.restless = false')
    },
  },
  {
    by: 'the disk of the worker is filled to 95 %',
    wave: 3,
    alerts: ['DiskFull'],
    async begin({ hasDisk, fillDisk, emptyDisk }) {
      if (!hasDisk) throw new Error('a small disk takes root or user namespaces')
      fillDisk()
      return emptyDisk
    },
  },
  {
    by: 'API and worker are killed',
    wave: 7,
    alerts: ['ServiceDown', 'MetricsAbsent', 'PublicUrlUnreachable'],
    async begin({ api, worker }: Broken) {
      api.kill()
      worker.kill()
      return () => Promise.all([api.start(), worker.start()])
    },
  },
]
