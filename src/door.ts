import process from 'node:process'
import { ConfigError } from './config.ts'

/** Runs a door of the service. What stops it from opening is told in words: exit code 78 for the configuration, 1 for the rest. */
export async function open(door: () => Promise<unknown>): Promise<void> {
  try {
    await door()
  } catch (error) {
    console.error(inWords(error as NodeJS.ErrnoException & { address?: string; port?: number }))
    process.exit(error instanceof ConfigError ? 78 : 1)
  }
}

function inWords({
  code,
  message,
  address,
  port,
}: NodeJS.ErrnoException & { address?: string; port?: number }): string {
  if (code === 'EADDRINUSE')
    return `Port ${port} on ${address} is taken by another program: stop it, or set PORT, METRICS_PORT or WORKER_HEALTH_PORT, whichever it is, to another port.`
  if (code === 'EACCES' && port) return `Port ${port} may not be opened by this user: set PORT to one above 1023.`
  if (code === 'EADDRNOTAVAIL') return `This machine has no address ${address}: set HOST to one that it has.`
  return message
}
