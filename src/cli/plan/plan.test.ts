import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { cli } from '../cli.ts'

const folder = mkdtempSync(join(tmpdir(), 'wherry-plan-'))
after(() => rmSync(folder, { recursive: true }))
const at = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}
const kubeconfig = at(
  'config',
  JSON.stringify({
    'current-context': 'x',
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:1' } }],
    users: [{ name: 'u', user: { token: 'T' } }],
  }),
)
const manifest = at('pod.yaml', 'kind: Pod')

check('no path', [], 2, /-f PATH is missing/)
check('another form', ['-f', manifest, '-o', 'yaml'], 2, /-o takes json, not "yaml"/)
check('no cluster', ['-f', manifest], 69, /there is no cluster on this machine yet; .*--kubeconfig FILE asks another one/)
check('a path that leads nowhere', ['-f', join(folder, 'nowhere'), '--kubeconfig', kubeconfig], 2, /there is no such file or folder/)
check(
  'a configuration that is not there',
  ['-f', manifest, '--kubeconfig', kubeconfig, '--scheduler-config', join(folder, 'nowhere')],
  2,
  /the scheduler's configuration .*nowhere cannot be read/,
)
check(
  'a configuration that is none',
  ['-f', manifest, '--kubeconfig', kubeconfig, '--scheduler-config', at('none.yaml', 'kind: Pod\napiVersion: v1')],
  1,
  /KubeSchedulerConfiguration/,
)

function check(name: string, words: readonly string[], code: number, expected: RegExp): void {
  test(`plan refuses ${name}`, async () => {
    let err = ''
    const terminal = { out: assert.fail, error: (text: string) => void (err += text), interactive: false }
    const programs = { server: assert.fail, simulate: assert.fail }
    const layout = { dataDirectory: join(folder, 'data'), runDirectory: join(folder, 'run') }
    assert.equal(await cli({ words: ['plan', ...words], layout, env: {}, terminal, programs: programs as never }), code, err)
    assert.match(err, expected)
  })
}
