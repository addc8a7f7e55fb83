/** Each guard lets the good through and stops the bad. `node --test checks/` */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { straySizes, strayColours } from './colours.mjs'
import { unlike, unmet } from './texts.mjs'
import { redeclared, stale } from './types.mjs'

const vue = (style) => ({
  path: 'src/x.vue',
  text: `<template><a href="#main">x</a></template><style>${style}</style>`,
})

test('a missing translation is found', () => {
  assert.deepEqual(unlike({ a: { b: '存' } }, { a: { b: 'Save' } }), [])
  assert.equal(unlike({ a: { b: '存', c: '取' } }, { a: { b: 'Save' } }).length, 1)
  assert.equal(unlike({ a: {} }, { a: { b: 'Save' } }).length, 1)
  assert.equal(unlike({ a: { b: 'Save it' } }, { a: { b: 'Save it' } }).length, 1)
  assert.equal(unlike({ a: { b: '{n} 件' } }, { a: { b: '{m} cases' } }).length, 1)
  assert.equal(unlike({ a: { b: '' } }, { a: { b: 'Save' } }).length, 1)
})

test('a key that is used and not there, or there and not used, is found', () => {
  const zh = { a: { b: '存', state: { open: '开', shut: '关' } } }
  const file = (text) => [{ path: 'x', text }]
  assert.deepEqual(unmet(zh, file("t('a.b') t(`a.state.${code}`)")), [])
  assert.deepEqual(unmet(zh, file("t('a.b') t('a.none') t(`a.state.${code}`)")), ['a.none: used and not there'])
  assert.deepEqual(unmet(zh, file('t(`a.state.${code}`)')), ['a.b: there and not used'])
  assert.deepEqual(unmet(zh, file("t('a.b') t('z.b') t(`a.state.${code}`)")), ['z.b: used and not there'])
})

test('a colour outside the palette is found', () => {
  assert.deepEqual(strayColours([vue('a { color: var(--ink); border-color: currentcolor; grid-area: red-tape }')]), [])
  for (const bad of ['#fff', '#12345678', 'rgb(0 0 0)', 'hsl(1 2% 3%)', 'oklch(1 0 0)', 'white', 'solid red'])
    assert.equal(strayColours([vue(`a { border: 1px ${bad} }`)]).length, 1, bad)
  assert.equal(strayColours([{ path: 'src/x.ts', text: "const c = '#abcdef'" }]).length, 1)
  assert.deepEqual(strayColours([{ path: 'src/theme/palette.css', text: ':root { --ink: #000 }' }]), [])
})

test('a size outside the scale is found', () => {
  assert.deepEqual(straySizes([vue('a { font-size: var(--text-s) }')]), [])
  assert.equal(straySizes([vue('a { font-size: 13px }')]).length, 1)
})

test('an API type that is old, or written by hand, is found', async () => {
  const description = {
    openapi: '3.1.0',
    info: { title: 'x', version: '1' },
    paths: {},
    components: { schemas: { Line: { type: 'string' } } },
  }
  assert.equal((await stale(description, 'export type Line = number;')).length, 1)
  const generated = "export type Line = components['schemas']['Line'];"
  assert.equal(redeclared([{ path: 'x', text: 'interface Line { a: string }' }], generated).length, 1)
  assert.deepEqual(redeclared([{ path: 'x', text: 'type Lines = Line[]' }], generated), [])
})
