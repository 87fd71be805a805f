// The variables that say where secrets come from, and whose tokens count beside ours.
import { Type } from 'typebox'
import { milliseconds, url } from './environment.kit.schemas.ts'

export const secrets = {
  SECRETS_REFRESH_MS: milliseconds(
    60_000,
    'Time after which secrets of files and of the secrets manager are read again',
    100,
  ),
  AWS_SECRET_ID: Type.Optional(
    Type.String({
      pattern: '^[A-Za-z0-9/_+=.@:!-]{1,512}$',
      should: 'the name or ARN of a secret',
      description: 'Secret of AWS Secrets Manager, a JSON object of variables and their values',
    }),
  ),
  AWS_REGION: Type.Optional(
    Type.String({ pattern: '^[a-z0-9-]{1,40}$', should: 'a region of AWS', description: 'Region of that secret' }),
  ),
  AWS_ENDPOINT_URL_SECRETS_MANAGER: Type.Optional(url('https|http', 'Where AWS Secrets Manager is, if not at AWS')),

  EXTERNAL_ISSUER: Type.Optional(url('https|http', 'Issuer (iss) whose access tokens count beside ours')),
  EXTERNAL_AUDIENCE: Type.Optional(
    Type.String({
      pattern: '^[!-~]{1,200}$',
      should: 'text of 1 to 200 characters without a space',
      description: 'Who its tokens have to be for (aud)',
    }),
  ),
  EXTERNAL_JWKS_URL: Type.Optional(url('https|http', 'Where it publishes its keys, as a JWK set')),
}
