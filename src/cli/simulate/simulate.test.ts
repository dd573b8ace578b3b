import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { cli } from '../cli.ts'
import type { SimulationRequest, SimulationResult } from '../command.ts'

const folder = mkdtempSync(join(tmpdir(), 'wherry-simulate-'))
after(() => rmSync(folder, { recursive: true }))
const at = (...names: string[]): string => join(folder, ...names)
for (const name of ['all', 'all/inner', 'all/.hidden', 'empty']) mkdirSync(at(name))
for (const name of ['b.yaml', 'a.json', 'inner/c.yml', 'words.txt', '.hidden/d.yaml']) writeFileSync(at('all', name), `kind: ${name}`)

const given: Partial<SimulationRequest> = {
  nodes: 3,
  zones: 1,
  cpuCount: 4,
  memoryBytes: 8 * 2 ** 30,
  faults: [],
  forMs: 3_600_000,
  taskMs: 30_000,
  images: [],
  seed: 1,
  namespace: 'default',
}

asks('everything as it is where nothing is said', ['-f', at('all', 'b.yaml')], {
  ...given,
  manifests: [{ name: at('all', 'b.yaml'), text: 'kind: b.yaml' }],
})
asks('all manifests of a folder, in the order of their names', ['-f', at('all')], {
  manifests: ['a.json', 'b.yaml', 'inner/c.yml'].map((name) => ({ name: at('all', name), text: `kind: ${name}` })),
})
asks(
  'several paths, lists and numbers',
  ['-f', at('all', 'a.json'), '--filename', at('all', 'b.yaml'), '--nodes', '5', '--zones', '3', '--seed', '7'],
  {
    nodes: 5,
    zones: 3,
    seed: 7,
  },
)
asks(
  'faults once each, in the order in which they are named',
  ['-f', at('all'), '--faults', 'slow-pulls, node-loss', '--faults', 'node-loss,api-restart'],
  {
    faults: ['slow-pulls', 'node-loss', 'api-restart'],
  },
)
asks('amounts and durations', ['-f', at('all'), '--node-cpu', '1500m', '--node-memory', '512Mi', '--for', '1h30m', '--jobs-take', '90s'], {
  cpuCount: 1.5,
  memoryBytes: 512 * 2 ** 20,
  forMs: 5_400_000,
  taskMs: 90_000,
})
asks('what images do', ['-f', at('all'), '--image', 'shop:2,exit-after=30s, exit-code=1', '--image', 'a,pull-error=no=way'], {
  images: [
    {
      name: 'shop:2',
      settings: [
        ['exit-after', '30s'],
        ['exit-code', '1'],
      ],
    },
    { name: 'a', settings: [['pull-error', 'no=way']] },
  ],
})

refuses('no path', [], /-f PATH is missing/)
refuses('a path that leads nowhere', ['-f', at('nowhere')], /-f .*nowhere: there is no such file or folder/)
refuses('a folder without manifests', ['-f', at('empty')], /the folder holds no \.yaml, \.yml or \.json file/)
refuses('a fault that is none', ['-f', at('all'), '--faults', 'meteor'], /--faults has "meteor"; there are node-loss, /)
refuses('no nodes', ['-f', at('all'), '--nodes', '0'], /--nodes must be a whole number from 1 to 100, not "0"/)
refuses('more zones than nodes', ['-f', at('all'), '--zones', '4'], /--zones must be a whole number from 1 to 3/)
refuses(
  'a time that is none',
  ['-f', at('all'), '--for', '1 week'],
  /--for must be a duration such as 90s, 10m or 1h30m, at most 168h, not "1 week"/,
)
refuses('too long a time', ['-f', at('all'), '--for', '169h'], /--for must be/)
refuses('memory that is none', ['-f', at('all'), '--node-memory', 'much'], /--node-memory must be an amount such as 8Gi, not "much"/)
refuses('an image of which nothing is said', ['-f', at('all'), '--image', 'nginx'], /--image must be an image and what its containers do/)
refuses('an argument', [at('all')], /does not take/)

ends('as wished', { ok: true, refused: false, text: 'well', report: { ok: true } }, [], { code: 0, out: 'well', err: '' })
ends('not as wished', { ok: false, refused: false, text: 'ill', report: {} }, [], { code: 1, out: 'ill', err: '' })
ends('refused', { ok: false, refused: true, text: 'no', report: {} }, [], { code: 1, out: '', err: 'no' })
ends('for programs', { ok: false, refused: true, text: 'no', report: { ok: false } }, ['--json'], {
  code: 1,
  out: '{\n  "ok": false\n}\n',
  err: '',
})

function asks(name: string, words: readonly string[], expected: Partial<SimulationRequest>): void {
  test(`simulate asks for ${name}`, async () => {
    let request: SimulationRequest | undefined
    const { err } = await call(words, async (asked) => {
      request = asked
      return { ok: true, refused: false, text: '', report: {} }
    })
    assert.ok(request, err)
    for (const [field, value] of Object.entries(expected)) assert.deepEqual(request[field as keyof SimulationRequest], value, field)
  })
}

function refuses(name: string, words: readonly string[], expected: RegExp): void {
  test(`simulate refuses ${name}`, async () => {
    const { code, err } = await call(words, () => assert.fail('nothing was to be simulated'))
    assert.equal(code, 2)
    assert.match(err, expected)
  })
}

function ends(name: string, result: SimulationResult, words: readonly string[], expected: object): void {
  test(`simulate ends: ${name}`, async () => {
    assert.deepEqual(await call(['-f', at('all'), ...words], async () => result), expected)
  })
}

async function call(words: readonly string[], simulate: (request: SimulationRequest) => Promise<SimulationResult>) {
  let [out, err] = ['', '']
  const terminal = { out: (text: string) => void (out += text), error: (text: string) => void (err += text), interactive: false }
  const layout = { dataDirectory: at('data'), runDirectory: at('run') }
  const programs = { server: () => assert.fail('no server was asked for'), simulate }
  const code = await cli({ words: ['simulate', ...words], layout, env: {}, terminal, programs })
  return { code, out, err }
}
