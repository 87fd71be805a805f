import { randomUUID } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { createMetrics } from './metrics.ts'
import { createObjects, placeOf } from './objects.ts'
import { createOutside } from './outside.ts'

const folder = await mkdtemp(join(tmpdir(), 'seaworthy-objects-'))
afterAll(() => rm(folder, { recursive: true }))
const outside = createOutside({ metrics: createMetrics(), failures: 5, openFor: 1000 })
const objects = createObjects({ url: `file:${folder}/kept`, timeout: 2000, outside })

describe('a place', () => {
  test.each([
    ['file:./kept', { folder: resolve('kept') }],
    ['file:/var/lib/kept', { folder: '/var/lib/kept' }],
    ['file:///var/lib/kept', { folder: '/var/lib/kept' }],
    ['s3://my-bucket', { bucket: 'my-bucket', prefix: '', region: undefined, endpoint: undefined }],
    ['s3://my-bucket/cvs/2026/', { bucket: 'my-bucket', prefix: 'cvs/2026/', region: undefined, endpoint: undefined }],
    [
      's3://b.1?region=eu-central-1&endpoint=https://s3.example.com',
      { bucket: 'b.1', prefix: '', region: 'eu-central-1', endpoint: 'https://s3.example.com' },
    ],
  ])('is read of %s', (text, place) => {
    expect(placeOf(text)).toEqual(place)
  })

  test.each([
    'file:',
    'file://host/folder',
    's3:',
    's3://B',
    's3://bucket?key=secret',
    's3://id:secret@bucket',
    's3://bucket?endpoint=ftp://x',
    's3://bucket?endpoint=nothing',
    'https://bucket',
    '',
  ])('is none: %j', (text) => {
    expect(() => placeOf(text)).toThrow()
  })
})

describe('a folder', () => {
  test('gives back what it was given, and forgets what is removed, drafts included', async () => {
    const name = randomUUID()
    expect(await objects.get(name)).toBeUndefined()
    await objects.put(name, Buffer.from('one'))
    await objects.put(name, Buffer.from('two'))
    expect(await objects.get(name)).toEqual(Buffer.from('two'))
    expect(await readdir(join(folder, 'kept'))).toEqual([name])
    await objects.remove(name)
    await objects.remove(name)
    expect(await readdir(join(folder, 'kept'))).toEqual([])
  })

  test.each(['../secrets', 'cv.pdf', '', `${randomUUID()}/x`, `${randomUUID()}\0`, randomUUID().toUpperCase()])(
    'takes no name that is not ours: %j',
    (name) => {
      for (const attempt of [
        () => objects.put(name, Buffer.from('')),
        () => objects.get(name),
        () => objects.remove(name),
      ])
        expect(attempt).toThrow('No object has such a name')
    },
  )
})
