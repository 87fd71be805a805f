// Preloaded into an API by a probe: fails where nobody catches it. SIGUSR2 can't be taken for it: that is one of the signals that stop
// the service in good order.
import process from 'node:process'

process.on('SIGALRM', () => {
  throw new Error('thrown by a probe')
})
process.on('SIGURG', () => {
  void Promise.reject(new Error('rejected by a probe'))
})
