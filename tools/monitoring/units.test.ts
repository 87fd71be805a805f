import { expect, test } from 'vitest'
import { formatValue, topOf } from './units.ts'

test.each([
  [0, 'short', '0'],
  [12.345, 'short', '12.3'],
  [999.9, 'short', '1k'],
  [1_234_567, 'short', '1.23M'],
  [0.05, 'reqps', '0.05/s'],
  [1500, 'reqps', '1.5k/s'],
  [0.1234, 'percentunit', '12.3 %'],
  [1, 'percentunit', '100 %'],
  [0, 'bytes', '0 B'],
  [1023, 'bytes', '1023 B'],
  [52_428_800, 'bytes', '50 MiB'],
  [0, 's', '0 s'],
  [0.000_25, 's', '250 µs'],
  [0.0123, 's', '12.3 ms'],
  [0.9999, 's', '1 s'],
  [90, 's', '1.5 min'],
  [172_800, 's', '2 d'],
  [-3, 'short', '−3'],
  [Number.NaN, 's', '–'],
  [Number.POSITIVE_INFINITY, 'short', '–'],
])('%d in %s reads %s', (value, unit, text) => {
  expect(formatValue(value, unit)).toBe(text)
})

test.each([
  [0, 'short', 1],
  [Number.NaN, 'short', 1],
  [7, 'short', 8],
  [10, 'short', 10],
  [101, 'short', 200],
  [0.031, 'percentunit', 0.04],
  [75, 's', 120],
  [0.0023, 's', 0.004],
  [50 * 1024 ** 2, 'bytes', 60 * 1024 ** 2],
])('the axis for %d in %s ends at %d', (greatest, unit, top) => {
  expect(topOf(greatest, unit)).toBeCloseTo(top, 10)
})
