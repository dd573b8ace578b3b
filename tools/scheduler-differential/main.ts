/** `./wherry --node tools/scheduler-differential/main.ts record|compare|shrink|sample …`: our scheduler beside the original. */
import { createWriteStream, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { gzipSync } from 'node:zlib'
import { ourProfiles } from '#scheduler/testing/profiles.ts'
import type { Answer, RecordedCase } from '#scheduler/testing/recorded-case.ts'
import { compareAll, describe, findingsOf, readCases } from './compare.ts'
import { areaNames, generate } from './generate.ts'
import { startReference } from './reference.ts'
import { createRunner, type Runner } from './run-case.ts'
import { sampleOf } from './sample.ts'
import { shrink } from './shrink.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    area: { type: 'string', multiple: true },
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '150' },
    step: { type: 'string' },
    file: { type: 'string', default: join(tmpdir(), 'scheduler-differential.jsonl') },
    out: { type: 'string' },
    shown: { type: 'string', default: '3' },
    programs: { type: 'string', default: process.env['REFERENCE_BIN'] ?? '.' },
    folder: { type: 'string', default: process.env['REFERENCE_DIR'] ?? join(tmpdir(), 'scheduler-reference') },
    port: { type: 'string', default: process.env['REFERENCE_PORT'] ?? '18443' },
    settle: { type: 'string', default: '40' },
  },
})
const usage = `scheduler-differential COMMAND --file CASES [--area NAME]…
  record   asks the original about --count cases of each area, from --seed on, and writes its answers
  compare  ours beside the answers; --shown of each kind of difference. Exit code 1 when there are any
  shrink   the smallest cluster in which ours still differs as in --area, --seed and --step; to --out
  sample   --count of the answers, all areas and outcomes among them, packed, to --out
The original is kube-apiserver, kube-scheduler and etcd in the folder --programs (REFERENCE_BIN); it uses --folder (REFERENCE_DIR), and --port
(REFERENCE_PORT) and the four after it. --settle: milliseconds for it to see a new cluster.
areas: ${areaNames.join(', ')}`

const chosen = function* (): Generator<RecordedCase> {
  for (const recorded of readCases(values.file)) if (values.area?.includes(recorded.area) ?? true) yield recorded
}

function wanted(name: 'out'): string {
  const value = values[name]
  if (value === undefined) throw new Error(`--${name} FILE is missing`)
  return value
}

async function withRunner(use: (runner: Runner) => Promise<void>): Promise<void> {
  const reference = await startReference({ programs: values.programs, folder: values.folder, port: Number(values.port) })
  // Whoever ends this ends what it started.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void reference.close().then(() => process.exit(1)))
  try {
    const runner = await createRunner(reference, { settleMs: Number(values.settle) })
    await use(runner)
    runner.close()
  } finally {
    await reference.close()
  }
}

async function record(runner: Runner): Promise<void> {
  const out = createWriteStream(values.file)
  for (const area of values.area ?? areaNames) {
    const startedAt = performance.now()
    let failed = 0
    const outcomes: Record<string, number> = {}
    for (let seed = Number(values.seed); seed < Number(values.seed) + Number(values.count); seed += 1) {
      try {
        const recorded = await runner.run(generate(seed, area))
        for (const { answer } of recorded.steps) outcomes[nameOf(answer)] = (outcomes[nameOf(answer)] ?? 0) + 1
        out.write(`${JSON.stringify(recorded)}\n`)
      } catch (error) {
        // One that went wrong is no reason to give up the others.
        failed += 1
        console.error(`${area} ${seed}: ${(error as Error).message}`)
      }
    }
    const counts = Object.entries(outcomes).map(([name, count]) => `${count} ${name}`)
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1)
    console.log(`${area}: ${values.count} cases, ${failed} failed, pods: ${counts.join(', ')}; ${seconds} s`)
  }
  const refusals = [...runner.refusals()].sort((a, b) => b[1] - a[1])
  for (const [reason, count] of refusals.slice(0, 20)) console.log(`the API server refused ${count}: ${reason.slice(0, 300)}`)
  await new Promise<void>((resolve) => out.end(resolve))
}

const nameOf = ({ isHeld, error, node, nominatedNode }: Answer): string =>
  isHeld ? 'held' : error !== undefined ? 'error' : node !== undefined ? 'placed' : nominatedNode !== undefined ? 'nominated' : 'refused'

async function shrinkOne(runner: Runner): Promise<void> {
  const profiles = ourProfiles(1)
  const findings = [...chosen()]
    .filter(({ seed }) => seed === Number(values.seed))
    .flatMap((recorded) => findingsOf(recorded, profiles))
    .filter(({ step }) => values.step === undefined || step === Number(values.step))
  if (findings.length === 0) throw new Error('ours does not differ there')
  const smallest = await shrink(findings[0]!, runner, profiles, (text) => console.error(text))
  if (smallest === undefined) return console.log('asked again, the original agrees with ours')
  for (const line of describe(compareAll([smallest], profiles), 9)) console.log(line)
  const text = `${JSON.stringify(smallest)}\n`
  if (values.out === undefined) console.log(text)
  else writeFileSync(values.out, text)
}

// Last, since constants above are only there by now.
switch (positionals[0]) {
  case 'record':
    await withRunner(record)
    break
  case 'compare': {
    const results = compareAll(chosen(), ourProfiles(1))
    for (const line of describe(results, Number(values.shown))) console.log(line)
    if ([...results.values()].some(({ findings }) => findings.length > 0)) process.exitCode = 1
    break
  }
  case 'shrink':
    await withRunner(shrinkOne)
    break
  case 'sample': {
    const lines = sampleOf([...chosen()], Number(values.count)).map((recorded) => `${JSON.stringify(recorded)}\n`)
    writeFileSync(wanted('out'), gzipSync(lines.join(''), { level: 9 }))
    break
  }
  default:
    console.log(usage)
}
