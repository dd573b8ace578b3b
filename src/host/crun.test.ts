import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crunTakes } from './crun.ts'

const containerd16 = 'containerd github.com/containerd/containerd 1.6.20~ds1 1.6.20~ds1-1+deb12u2\n'
/** As its own releases call themselves. */
const containerd16v = 'containerd github.com/containerd/containerd v1.6.20 2806fc1057397dbaeefbea0e4e17bddfbd388f38\n'
const containerd17 = 'containerd containerd.io 1.7.27 05044ec0a9a75232cad458027ca83437aae3f4da\n'
const containerd23 = 'containerd github.com/containerd/containerd/v2 2.3.7 \n'
const crun = (version: string) =>
  `crun version ${version}\ncommit: f8a096be060b22ccd3d5f3ebe44108517fbf6c30\nrundir: /run/crun\nspec: 1.0.0\n`

const check = (said: string, containerd: string, takes: boolean): void =>
  void test(`${said.split('\n')[0]} with ${containerd.trim()}: ${takes ? 'used' : 'left alone'}`, () =>
    assert.equal(crunTakes(said, containerd), takes))

check(crun('1.8.1'), containerd16, true)
check(crun('1.8.1'), containerd16v, true)
check(crun('1.8.1'), containerd17, false)
check(crun('1.8.1'), containerd23, false)
check(crun('1.14.2'), containerd23, false)
check(crun('1.14.3'), containerd23, true)
check(crun('1.14.4'), containerd17, true)
check(crun('1.9'), containerd23, false)
check(crun('1.18'), containerd23, true)
check(crun('2.0'), containerd23, true)
check(crun('1.21.0.4-dirty'), containerd23, true)

test('what says no version is not taken for one', () => {
  assert.throws(() => crunTakes('crun', containerd16))
})
