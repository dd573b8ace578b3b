import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { copyImages } from './store.ts'

/** As ctr is called: `--address SOCKET --namespace k8s.io images ACTION …`. A socket called full takes nothing. */
const program = `#!/bin/sh
case "$6 $2" in
  "export from") exec head -c 2000000 /dev/zero ;;
  "import full") echo "no space left on device" >&2; exit 1 ;;
  "import "*) cat >/dev/null ;;
esac
`

for (const [name, targets] of Object.entries({ 'the only one': ['full'], 'one of two': ['full', 'to'] }))
  test(`a containerd that takes no image, ${name}, is told of and holds nobody up`, { timeout: 20_000 }, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'wherry-copy-'))
    const before = process.env['PATH']
    t.after(() => {
      process.env['PATH'] = before
      rmSync(folder, { recursive: true })
    })
    writeFileSync(join(folder, 'ctr'), program)
    chmodSync(join(folder, 'ctr'), 0o755)
    process.env['PATH'] = `${folder}:${before}`
    await assert.rejects(copyImages('from', targets, ['shop:1']), /no space left on device/)
  })
