import { replay } from './replay.ts'

const corpus = process.env.WHERRY_CORPUS ?? new URL('../../../shared/differential', import.meta.url).pathname
const only = process.argv[2] ? new RegExp(process.argv[2]) : undefined
const out = replay(corpus, process.argv[3] ?? 'validation', only)
const by = new Map<string, [number, number]>()
for (const o of out) {
  const e = by.get(o.kind) ?? [0, 0]
  e[1]++
  if (o.missing.length + o.extra.length === 0) e[0]++
  by.set(o.kind, e)
}
for (const [k, [a, b]] of by) console.log(k, `${a}/${b}`)
let n = 0
const seen = new Set<string>()
for (const o of out)
  if (o.missing.length + o.extra.length > 0) {
    for (const [sign, list] of [
      ['-', o.missing],
      ['+', o.extra],
    ] as const)
      for (const t of list) {
        const key = sign + t.replace(/\d+/g, '#').slice(0, 140)
        if (seen.has(key)) continue
        seen.add(key)
        if (n++ < Number(process.argv[4] ?? 60)) console.log(o.id.replace('validation/', ''), o.step, o.note, sign, t.slice(0, 260))
      }
  }
