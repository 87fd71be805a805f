// The log store and its shipper as the profile observability starts them, as processes beside the stack of a probe: images by the programs in them,
// volumes by folders, names by loopback. Every other word of their commands is the file's.
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { findGoProgram } from '../../tools/go-programs.ts'
import type { Line, Running } from '../../tools/process.ts'
import { freePorts } from '../../tools/stack.ts'
import type { Context } from '../context/context.ts'

type Mount = string | { source: string; target: string }
type Service = {
  image: string
  profiles?: string[]
  command?: string[]
  environment?: Record<string, string>
  volumes?: Mount[]
}
type Name = 'victoria-logs' | 'vlagent'

export async function openLogStore({ tree, folder, program, apiAt }: Context) {
  const servicesOf = (file: string) =>
    parse(readFileSync(join(tree, file), 'utf8'), { merge: true }).services as Record<string, Service>
  const services = { ...servicesOf('monitoring/compose.yaml'), ...servicesOf('compose.yaml') }
  const volumes = folder()
  const [storePort, shipperPort] = await freePorts(2)
  const host = `127.0.0.1:${storePort}`
  const { anonymous } = apiAt(`http://${host}`)
  const running = new Map<Name, Running>()

  return { folderOf, logFileOf, startStore, startShipper, stop, find }

  /** A volume. */
  function folderOf(name: string): string {
    const made = join(volumes, name)
    mkdirSync(made, { recursive: true })
    return made
  }

  /** LOG_FILE of a service, which is empty where it has none. */
  function logFileOf(name: 'api' | 'worker'): string {
    return here(name, services[name]?.environment?.LOG_FILE ?? '')
  }

  /** What a container sees under its own names, under those of this machine. */
  function here(name: string, word: string): string {
    const mounts = (services[name]?.volumes ?? []).map((mount) => {
      const [source = '', target = ''] = typeof mount === 'string' ? mount.split(':') : [mount.source, mount.target]
      return { source, target }
    })
    const mount = mounts.find(({ target }) => new RegExp(`(^|=)${target}(/|$)`).test(word))
    const place = mount ? word.replace(mount.target, folderOf(mount.source)) : word
    return place.replace('//victoria-logs:9428/', `//${host}/`)
  }

  async function startStore(): Promise<void> {
    const store = await start('victoria-logs', host)
    await store?.until(/started VictoriaLogs/)
  }

  /** Nobody does where the profile has none. */
  async function startShipper(): Promise<void> {
    const shipper = await start('vlagent', `127.0.0.1:${shipperPort}`)
    await shipper?.until(/started vlagent/)
  }

  async function start(name: Name, address: string): Promise<Running | undefined> {
    const { image = '', profiles, command = [] } = services[name] ?? {}
    if (!profiles?.includes('observability')) return undefined
    const [, version = ''] = image.split(':')
    const built = await findGoProgram(`github.com/VictoriaMetrics/VictoriaLogs/app/${name}`, version)
    const started = program(built, [...command.map((word) => here(name, word)), `-httpListenAddr=${address}`])
    running.set(name, started)
    return started
  }

  /** As Docker stops it: it may finish what it does. */
  async function stop(name: Name): Promise<void> {
    running.get(name)?.child.kill('SIGTERM')
    await running.get(name)?.ended
  }

  /** The lines that a query in LogsQL finds; every value is text. None while the store is away. */
  async function find(query: string): Promise<Line[]> {
    const path = `/select/logsql/query?query=${encodeURIComponent(query)}`
    const answer = await anonymous('GET', path).catch(() => undefined)
    if (answer && answer.status !== 200) throw new Error(`The store does not answer ${query}: ${answer.text}`)
    const lines = answer?.text.split('\n').filter(Boolean) ?? []
    return lines.map((line) => JSON.parse(line) as Line)
  }
}
