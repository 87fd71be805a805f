// The verdict that each deserves stands in the test and in the probe that run them, not here.
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { red, removed } from '../../../control.ts'
import { cover, darken, planted } from '../../planted.ts'

export const catalogue = [
  // Sound, beside the others.
  planted('RDY-78', darken('dark')),
  // Sees nothing: what it answers is a constant.
  planted('RDY-81', darken('dark'), { probe: async () => ({ lamp: 'on' }) }),
  // Sees the lamp go off, and is declared to see something else.
  planted('RDY-82', darken('covered')),
  // The text is not there.
  planted('RDY-83', darken('dark', "'glowing'")),
  // What is left is no program: everything would be red.
  planted('RDY-84', darken('dark', "const lamp = 'on'", "const lamp = 'on")),
  // A program that can't run is no dark lamp.
  planted('RDY-85', darken('dark', "const lamp = 'on'", "const lamp = JSON.parse('on')")),
  // It is broken for good.
  planted('RDY-86', cover('RDY-86', { stuck: true })),
  // Fails without being broken.
  planted('RDY-87', darken('dark'), { probe: async () => red('dark') }),
  // Its probe has a fault of its own.
  planted('RDY-88', darken('dark'), { probe: async () => JSON.parse('not JSON') }),
  // Needs what a machine may lack.
  planted('RDY-89', darken('dark'), { needs: ['docker'] }),
  planted('RDY-90', darken('dark'), { needs: ['docker'] }),
  // Red when it is run for the third time: it does not turn green again.
  planted('RDY-79', darken('dark'), {
    probe: async ({ tree }) => {
      const seen = join(tree, 'seen')
      if (existsSync(seen)) red('dark')
      if (tree.includes('slot-')) writeFileSync(seen, '')
      return tree.includes('slot-') ? red('dark') : { lamp: 'on' }
    },
  }),
  // The service does not even start without this line.
  planted('RDY-80', removed('src/app.ts', '  await app.register(controls)', { red: 'dark' }), { needs: ['api'] }),
]
