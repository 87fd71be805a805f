import { cover, darken, planted } from '../../planted.ts'

export const catalogue = [planted('RDY-91', darken('dark')), planted('RDY-92', cover('RDY-92'))]
