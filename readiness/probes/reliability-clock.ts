// Preloaded into an API by a probe: each SIGURG turns its clock on by half a minute.
import process from 'node:process'

const clock = Date.now
let ahead = 0
Date.now = () => clock() + ahead
process.on('SIGURG', () => {
  ahead += 30_000
})
