import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { layoutFrom } from './layout.ts'

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'wherry-layout-')))
after(() => rmSync(folder, { recursive: true }))
mkdirSync(join(folder, 'disk'))
symlinkSync('disk', join(folder, 'link'))

check('a folder that is there', 'disk', 'disk')
check('one that is reached by a link', 'link', 'disk')
check('one below a link that is still to be made', 'link/data/of/it', 'disk/data/of/it')
check('one that is nowhere', 'none/data', 'none/data')

function check(title: string, given: string, expected: string): void {
  test(title, () => {
    const layout = layoutFrom({ WHERRY_DATA: join(folder, given), WHERRY_RUN: join(folder, given) })
    assert.deepEqual(layout, { dataDirectory: join(folder, expected), runDirectory: join(folder, expected) })
  })
}
