import type { Control } from '../control.ts'
import { apiAnswers } from './api-answers.ts'
import { apiContract } from './api-contract.ts'
import { apiLists } from './api-lists.ts'
import { apiOperations } from './api-operations.ts'
import { apiTime } from './api-time.ts'
import { apiWrites } from './api-writes.ts'

export const api: Control[] = [...apiAnswers, ...apiWrites, ...apiOperations, ...apiLists, ...apiTime, ...apiContract]
