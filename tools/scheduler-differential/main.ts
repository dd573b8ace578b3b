/** `./wherry --node tools/scheduler-differential/main.ts record|compare …`: our scheduler beside the original. */
import { createWriteStream, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { gunzipSync } from 'node:zlib'
import type { RecordedCase } from './case.ts'
import { areaNames, generate } from './generate.ts'
import { startReference } from './reference.ts'
import { createRunner } from './run-case.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    area: { type: 'string', multiple: true },
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '50' },
    out: { type: 'string', default: join(tmpdir(), 'scheduler-differential.jsonl') },
    programs: { type: 'string', default: process.env['REFERENCE_BIN'] ?? '.' },
    folder: { type: 'string', default: process.env['REFERENCE_DIR'] ?? join(tmpdir(), 'scheduler-reference') },
    port: { type: 'string', default: process.env['REFERENCE_PORT'] ?? '18443' },
    settle: { type: 'string', default: '40' },
    help: { type: 'boolean', short: 'h' },
  },
})
const usage = `scheduler-differential record [--area NAME]… [--seed 1] [--count 50 of each area] [--out FILE] --programs FOLDER
areas: ${areaNames.join(', ')}`

switch (values.help ? 'help' : positionals[0]) {
  case 'record':
    await record()
    break
  default:
    console.log(usage)
}

async function record(): Promise<void> {
  const areas = values.area ?? areaNames
  const reference = await startReference({ programs: values.programs, folder: values.folder, port: Number(values.port) })
  const out = createWriteStream(values.out)
  try {
    const runner = await createRunner(reference, { settleMs: Number(values.settle) })
    for (const area of areas) {
      const startedAt = performance.now()
      let failed = 0
      let steps = 0
      const kinds: Record<string, number> = {}
      for (let index = 0; index < Number(values.count); index += 1) {
        const seed = Number(values.seed) + index
        try {
          const recorded = await runner.run(generate(seed, area))
          for (const { answer } of recorded.steps) {
            steps += 1
            const kind = answer.isHeld ? 'held' : answer.error !== undefined ? 'error' : answer.node !== undefined ? 'placed' : answer.nominatedNode !== undefined ? 'nominated' : 'refused'
            kinds[kind] = (kinds[kind] ?? 0) + 1
          }
          out.write(`${JSON.stringify(recorded)}\n`)
        } catch (error) {
          failed += 1
          console.error(`${area} ${seed}: ${(error as Error).message}`)
        }
      }
      const seconds = (performance.now() - startedAt) / 1_000
      console.log(`${area}: ${values.count} cases, ${failed} failed, ${steps} pods (${Object.entries(kinds).map(([kind, count]) => `${count} ${kind}`).join(', ')}), ${seconds.toFixed(1)} s`)
    }
    for (const [reason, count] of [...runner.refusals()].sort((a, b) => b[1] - a[1]).slice(0, 30)) console.log(`the server refused ${count}: ${reason.slice(0, 400)}`)
    runner.close()
  } finally {
    out.end()
    await reference.close()
  }
}
