import { parentPort, workerData } from 'node:worker_threads'
import { parseYaml } from '#schema/yaml.ts'
import type { ReadYaml } from './yaml-body.ts'

/** Reads one text and ends. A thread of its own keeps no state that a hostile text could spoil. */
function read(text: string): ReadYaml {
  try {
    return parseYaml(text)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return { problem: error.message }
  }
}

parentPort!.postMessage(read(workerData as string))
