// A real server that speaks S3, with one empty bucket in a folder of its own, for `npm run test:uploads`.
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findGoProgram } from './go-programs.ts'
import { startProcess } from './process.ts'
import { freePorts } from './stack.ts'

/** The version of the image in scripts/backups. */
const version = 'v1.8.0'
/** Milliseconds. */
const patience = 10_000

/** `bucket` is a folder: each object is a file of it. `stop` and `start` are its outage. */
export async function openS3Server() {
  const program = await findGoProgram('github.com/versity/versitygw/cmd/versitygw', version)
  const folder = await mkdtemp(join(tmpdir(), 'seaworthy-s3-'))
  const bucket = join(folder, 'data/bucket')
  for (const path of [bucket, join(folder, 'about')]) await mkdir(path, { recursive: true })
  const [port] = await freePorts(1)
  const url = `http://127.0.0.1:${port}`
  const keys = { id: 'test', secret: randomBytes(16).toString('hex') }
  let running = await start()

  return {
    url,
    bucket,
    env: { AWS_ACCESS_KEY_ID: keys.id, AWS_SECRET_ACCESS_KEY: keys.secret },
    stop,
    start: async () => {
      running = await start()
    },
    async close() {
      await stop()
      await rm(folder, { recursive: true, force: true })
    },
  }

  async function start() {
    const where = ['--port', `127.0.0.1:${port}`, '--region', 'eu-central-1']
    // Not every disk of a test has extended attributes.
    const args = [...where, 'posix', '--sidecar', join(folder, 'about'), join(folder, 'data')]
    const env = { ROOT_ACCESS_KEY: keys.id, ROOT_SECRET_KEY: keys.secret }
    const started = startProcess(args, { program, env })
    const end = performance.now() + patience
    for (;;) {
      const answers = await fetch(url).then(
        () => true,
        () => false,
      )
      if (answers) return started
      if (performance.now() > end || started.child.exitCode !== null)
        throw new Error(`The server of S3 does not answer:\n${started.said()}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  async function stop() {
    running.child.kill('SIGKILL')
    await running.ended
  }
}
