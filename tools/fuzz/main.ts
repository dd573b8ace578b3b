/** `npm run fuzz -- --seconds N --target json|yaml|…`: feeds our readers with what nobody would write. */
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startCoverage } from './coverage.ts'
import { Finding, fuzz } from './fuzz.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    target: { type: 'string', multiple: true },
    seed: { type: 'string', default: `${process.pid}` },
    help: { type: 'boolean', short: 'h' },
  },
})
// Our readers come after the counting has begun.
const coverage = await startCoverage((url) => url.includes('/src/'))
const { targets } = await import('./targets.ts')
const names = targets.map(({ name }) => name)

if (values.help) {
  console.log(`npm run fuzz -- [--seconds 10] [--target NAME]… [--seed N]\ntargets: ${names.join(', ')}`)
} else {
  const wanted = values.target ?? names
  for (const name of wanted) if (!names.includes(name)) throw new Error(`there is no target "${name}"; there are ${names.join(', ')}`)
  for (const target of targets.filter(({ name }) => wanted.includes(name))) {
    try {
      const { inputs, kept, covered, slowestMs } = await fuzz(target, {
        seed: Number(values.seed),
        seconds: Number(values.seconds),
        coverage,
      })
      console.log(`${target.name}: ${inputs} inputs, ${kept} kept, ${covered} pieces of code reached, slowest ${slowestMs} ms`)
    } catch (error) {
      if (!(error instanceof Finding)) throw error
      const file = join(tmpdir(), `wherry-fuzz-${target.name}`)
      writeFileSync(file, error.input)
      console.error(`${error.message}\nthe input is in ${file}`)
      process.exitCode = 1
    }
  }
}
