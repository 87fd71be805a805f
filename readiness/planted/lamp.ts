// What the planted controls are about: a program that says whether a lamp is on. Its word names the cover that may lie over it.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'

const covered = existsSync(join(import.meta.dirname, `cover-${process.argv[2]}`))
const lamp = 'on'

console.log(covered ? 'covered' : lamp)
