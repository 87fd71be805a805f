// How the edge speaks TLS, and where plain HTTP leads.
import { type ConnectionOptions, connect } from 'node:tls'
import { red } from '../control.ts'
import type { Edge } from './edge-scene.ts'

export async function speaksTls({ nginx, from }: Edge) {
  const shake = (options: ConnectionOptions) => handshake({ port: nginx.port, ca: nginx.ca, ...options })
  const newest = await shake({ ALPNProtocols: ['h2', 'http/1.1'] })
  if (newest.protocol !== 'TLSv1.3') red('no-tls-1.3', newest.protocol)
  if (newest.alpn !== 'h2') red('no-http-2', String(newest.alpn))
  const older = await shake({ maxVersion: 'TLSv1.2' })
  if (older.protocol !== 'TLSv1.2') red('no-tls-1.2', older.protocol)
  // Without forward secrecy, with a mode that padding attacks read, with a hash that collides.
  for (const ciphers of ['AES128-GCM-SHA256', 'ECDHE-ECDSA-AES128-SHA', 'ECDHE-ECDSA-AES256-SHA384']) {
    const { cipher } = await shake({ maxVersion: 'TLSv1.2', ciphers: `${ciphers}@SECLEVEL=0` })
    if (cipher) red('weak-cipher-taken', cipher)
  }
  const { protocol } = await shake({
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.1',
    ciphers: 'DEFAULT@SECLEVEL=0',
  })
  if (/^TLSv1(\.1)?$/.test(protocol)) red('old-tls-taken', protocol)

  const plain = await from(nginx.plainUrl).call('GET', '/v1/jobs?limit=1')
  const there = `${nginx.url}/v1/jobs?limit=1`
  if (plain.status !== 308 || plain.field('location') !== there)
    red('not-led-to-tls', `${plain.status} ${plain.field('location')}`)
  return { tls: ['TLSv1.2', 'TLSv1.3'], http: newest.alpn }
}

/** What was agreed on; an empty protocol and no cipher where nothing was. */
function handshake(options: ConnectionOptions): Promise<{ protocol: string; alpn: string; cipher: string }> {
  return new Promise((settle) => {
    const socket = connect({ host: '127.0.0.1', ...options }, () => {
      const [protocol, alpn] = [socket.getProtocol() ?? '', socket.alpnProtocol || '']
      settle({ protocol, alpn, cipher: socket.getCipher().name })
      socket.destroy()
    })
    socket.once('error', () => settle({ protocol: '', alpn: '', cipher: '' }))
  })
}
