import { expect, test } from 'vitest'
import { readOptions } from './options.ts'

test('a scenario has its own numbers unless told others', () => {
  expect(readOptions(['peak'])).toMatchObject({ scenario: 'peak', users: undefined, minutes: undefined, keep: false })
  expect(readOptions(['soak', '--minutes', '60', '--users', '20'])).toMatchObject({ minutes: 60, users: 20 })
})

test('another machine is loaded only by who says that they may', () => {
  expect(() => readOptions(['load', '--url', 'https://shop.example.com'])).toThrow('--anywhere if it is yours')
  expect(readOptions(['load', '--url', 'https://shop.example.com', '--anywhere']).url).toBe('https://shop.example.com')
  expect(readOptions(['load', '--url', 'http://127.0.0.1:8080/']).url).toBe('http://127.0.0.1:8080')
})

test.each([
  [[], 'One SCENARIO is needed'],
  [['flood'], 'One SCENARIO is needed'],
  [['load', 'peak'], 'One SCENARIO is needed'],
  [['load', '--minutes', '0'], '--minutes is a number from 0.05 to 1440'],
  [['load', '--users', '1.5'], '--users is a whole number'],
  [['load', '--url', 'shop'], '--url is an address'],
  [['load', '--database', 'postgres://x'], 'are for a --url'],
  [['failure', '--url', 'http://127.0.0.1:1'], 'it takes no --url'],
  [['load', '--keep', '--users', '5'], '--keep is for a scenario with all its people'],
  [['load', '--loud'], 'loud'],
])('%j is refused', (args, why) => {
  expect(() => readOptions(args)).toThrow(why)
})
