import { describe, expect, test } from 'vitest'
import { given, problemsOf, production, random } from '../../test/configuration.ts'
import { loadConfig } from '../config.ts'
import { sentinelsOf } from './redis-sentinel.ts'

describe('an address of sentinels', () => {
  test('has the name of the primary, its password and database, and where the sentinels are', () => {
    expect(sentinelsOf('redis-sentinel://:p%40ss@orders/2?sentinels=s1:26380,[::1]:26381,s3')).toEqual({
      name: 'orders',
      password: 'p@ss',
      db: 2,
      sentinels: [
        { host: 's1', port: 26_380 },
        { host: '::1', port: 26_381 },
        { host: 's3', port: 26_379 },
      ],
    })
  })

  test('may have a user, and another login for the sentinels, whose password may have a plus', () => {
    const url = 'redis-sentinel://queues:one@orders?sentinels=s1&sentinelUsername=watcher&sentinelPassword=a+b%26c'
    expect(sentinelsOf(url)).toEqual({
      ...{ name: 'orders', db: 0, username: 'queues', password: 'one' },
      ...{ sentinels: [{ host: 's1', port: 26_379 }], sentinelUsername: 'watcher', sentinelPassword: 'a+b&c' },
    })
  })

  test('asks for TLS to Redis and to the sentinels at once', () => {
    expect(sentinelsOf('rediss-sentinel://:one@orders?sentinels=s1')).toMatchObject({
      ...{ tls: {}, sentinelTLS: {}, enableTLSForSentinelMode: true },
    })
  })
})

describe('in the environment', () => {
  const good = (extra = '') => `redis-sentinel://:${random()}@mymaster/0?sentinels=h1:26379,h2:26379${extra}`

  test.each(['REDIS_URL', 'LIMITS_REDIS_URL', 'CACHE_REDIS_URL'])('%s may be one', (name) => {
    expect(problemsOf(production({ [name]: good() }))).toEqual([])
    expect(problemsOf(production({ [name]: good().replace('redis', 'rediss') }))).toEqual([])
  })

  test.each<[string, string]>([
    ['redis-sentinel://:hunter2@mymaster', 'names no sentinels'],
    ['redis-sentinel://:hunter2@mymaster?sentinels=', 'has a sentinel that is no HOST:PORT'],
    ['redis-sentinel://:hunter2@mymaster?sentinels=h1:26379,h2:0', 'has a sentinel that is no HOST:PORT'],
    ['redis-sentinel://:hunter2@mymaster?sentinels=hunter2@h1', 'has a sentinel that is no HOST:PORT'],
    ['redis-sentinel://:hunter2@mymaster:6379?sentinels=h1', 'has no name of a primary, or a port beside it'],
    ['redis-sentinel:///0?sentinels=h1', 'has no name of a primary'],
    ['redis-sentinel://:hunter2@mymaster/zero?sentinels=h1', 'has a path that is no number of a database'],
    ['redis-sentinel://:hunter2@mymaster?sentinels=h1&sentinelPassword=a&hunter2', 'has a parameter that is none of'],
    ['redis-sentinel://:50%off@mymaster?sentinels=h1', 'should be a valid URL'],
    ['redis+sentinel://:hunter2@mymaster?sentinels=h1', 'should be a valid URL'],
  ])('%s: %s', (url, problem) => {
    const problems = problemsOf(given({ REDIS_URL: url }))
    expect(problems).toEqual([expect.stringMatching(`^REDIS_URL ${problem}`)])
    expect(problems.join()).not.toContain('hunter2')
  })

  test('production wants a password, and no weak one of the sentinels', () => {
    expect(problemsOf(production({ REDIS_URL: 'redis-sentinel://mymaster?sentinels=h1' }))).toEqual([
      'REDIS_URL has no password',
    ])
    expect(problemsOf(production({ REDIS_URL: good('&sentinelPassword=hunter2') }))).toEqual([
      expect.stringMatching(/^The sentinelPassword in REDIS_URL is shorter than 16/),
    ])
    expect(problemsOf(production({ REDIS_URL: good(`&sentinelPassword=${random()}`) }))).toEqual([])
  })

  test('a queue that may lose jobs is refused, unless it is said otherwise', () => {
    expect(loadConfig(production()).queues.check).toBe('refuse')
    expect(loadConfig(production({ QUEUE_REDIS_CHECK: 'warn' })).queues.check).toBe('warn')
  })
})
