// Objects in a bucket that speaks S3. The SDK is loaded at the first call, and finds its own credentials as it does anywhere: in the
// environment, in files, or from the machine that it runs on.
import type { S3Client } from '@aws-sdk/client-s3'
import type { ObjectStore } from './object-store.ts'

type Options = {
  bucket: string
  /** Empty, or with a slash at its end. */
  prefix: string
  region: string | undefined
  endpoint: string | undefined
  timeout: number
}

const attempts = 2

export function bucketStore({ bucket: Bucket, prefix, region, endpoint, timeout }: Options): ObjectStore {
  let client: S3Client | undefined
  const at = (name: string) => ({ Bucket, Key: `${prefix}${name}` })

  return {
    async put(name, Body, abortSignal) {
      const { s3, sdk } = await open()
      // For whoever comes to the bucket by another way.
      const as = { ContentType: 'application/octet-stream', ContentDisposition: 'attachment' }
      await s3.send(new sdk.PutObjectCommand({ ...at(name), ...as, Body }), { abortSignal })
    },

    async get(name, abortSignal) {
      const { s3, sdk } = await open()
      try {
        const { Body } = await s3.send(new sdk.GetObjectCommand(at(name)), { abortSignal })
        return Buffer.from((await Body?.transformToByteArray()) ?? [])
      } catch (error) {
        if (error instanceof sdk.NoSuchKey) return undefined
        throw error
      }
    },

    async remove(name, abortSignal) {
      const { s3, sdk } = await open()
      await s3.send(new sdk.DeleteObjectCommand(at(name)), { abortSignal })
    },
  }

  async function open() {
    const sdk = await import('@aws-sdk/client-s3')
    // What is no AWS seldom has names for buckets, and knows fewer checksums.
    const elsewhere = endpoint && {
      endpoint,
      forcePathStyle: true,
      requestChecksumCalculation: 'WHEN_REQUIRED' as const,
      responseChecksumValidation: 'WHEN_REQUIRED' as const,
    }
    client ??= new sdk.S3Client({
      ...(region && { region }),
      ...elsewhere,
      maxAttempts: attempts,
      requestHandler: { connectionTimeout: timeout / attempts, requestTimeout: timeout },
    })
    return { s3: client, sdk }
  }
}
