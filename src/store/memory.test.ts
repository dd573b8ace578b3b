import { checkStore } from './contract.ts'
import { createMemoryStore } from './memory.ts'

checkStore('memory', async () => createMemoryStore())
