import { makeSecrets } from '../tools/development-secrets.ts'

const { TOKEN_SIGNING_KEY, CURSOR_SECRET } = makeSecrets()

/** A complete environment of the service, with secrets of this process. */
export const environment = (appUrl: string) => ({
  NODE_ENV: 'test',
  PORT: '0',
  PUBLIC_URL: 'http://127.0.0.1:8080',
  DATABASE_URL: appUrl,
  TOKEN_SIGNING_KEY,
  CURSOR_SECRET,
  DRAIN_MS: '0',
})
