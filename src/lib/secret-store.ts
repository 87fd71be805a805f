// Reads secrets from AWS Secrets Manager. The SDK is loaded when it is used, and finds its own credentials as it does anywhere: in
// the environment, in files, or from the machine that it runs on.
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'

export type SecretStore = ReturnType<typeof openSecretStore>

type Options = { id: string; region?: string | undefined; endpoint?: string | undefined }

/** Milliseconds for a reading, the retry included. */
const patience = 5000
const attempts = 2

export function openSecretStore({ id, region, endpoint }: Options) {
  let client: SecretsManagerClient | undefined
  return { read }

  /** The texts in the JSON object that the secret holds. Rejects when it can't be had in time, or is none; no message has any of it. */
  async function read(): Promise<Record<string, string>> {
    const { SecretsManagerClient, GetSecretValueCommand } = await import('@aws-sdk/client-secrets-manager')
    client ??= new SecretsManagerClient({
      ...(region && { region }),
      ...(endpoint && { endpoint }),
      maxAttempts: attempts,
      requestHandler: { connectionTimeout: patience / attempts, requestTimeout: patience / attempts },
    })
    const command = new GetSecretValueCommand({ SecretId: id })
    const { SecretString = '' } = await inTime(client.send(command, { abortSignal: AbortSignal.timeout(patience) }))
    return textsOf(SecretString)
  }
}

/** The signal ends requests only: looking for credentials may take longer. */
function inTime<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${patience} ms`)), patience)
  })
  return Promise.race([answer, late]).finally(() => clearTimeout(timer))
}

function textsOf(secret: string): Record<string, string> {
  let object: unknown
  try {
    object = JSON.parse(secret)
  } catch {
    // What JSON.parse says would repeat a part of the secret.
  }
  if (typeof object !== 'object' || object === null || Array.isArray(object))
    throw new Error('it is not a JSON object of variables and their values')
  return Object.fromEntries(Object.entries(object).filter(([, value]) => typeof value === 'string'))
}
