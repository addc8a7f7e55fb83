import i18n from '@intlify/eslint-plugin-vue-i18n'
import vue from 'eslint-plugin-vue'
import tseslint from 'typescript-eslint'
import vueParser from 'vue-eslint-parser'

/** What may speak to the network by itself; everything else goes through `api`. */
const NETWORK = [
  'src/app/api.ts',
  'src/domains/accounts/signing.ts',
  'src/domains/evidence/photos.ts',
  'src/domains/cockpit/feed.ts',
]

export default tseslint.config(
  { ignores: ['src/generated/**', 'node_modules/**'] },
  ...tseslint.configs.strict,
  ...vue.configs['flat/recommended'],
  {
    files: ['**/*.vue', '**/*.ts'],
    languageOptions: { parser: vueParser, parserOptions: { parser: tseslint.parser, sourceType: 'module' } },
    plugins: { '@intlify/vue-i18n': i18n },
    rules: {
      // An API type written by hand shows itself by its names: ours are camelCase, the API's snake_case.
      '@typescript-eslint/naming-convention': [
        'error',
        {
          selector: 'typeProperty',
          format: ['camelCase', 'PascalCase'],
          filter: { regex: '^[A-Z0-9-]|/', match: false },
        },
      ],
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-dynamic-delete': 'off',
      'no-restricted-globals': ['error', 'fetch', 'EventSource', 'XMLHttpRequest'],
      '@typescript-eslint/no-invalid-void-type': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { varsIgnorePattern: '^_', argsIgnorePattern: '^_' }],
      'no-undef': 'off',
      'vue/no-v-html': 'error',
      'vue/multi-word-component-names': 'off',
      'vue/require-default-prop': 'off',
      'vue/block-order': ['error', { order: ['script', 'template', 'style'] }],
      '@intlify/vue-i18n/no-raw-text': [
        'error',
        { ignorePattern: '^(?:[\\s\\d\\p{P}\\p{S}]*|[A-Z])$', ignoreText: ['English', '中文', 'cityloop'] },
      ],
      ...Object.fromEntries(
        [
          'html-self-closing',
          'html-indent',
          'max-attributes-per-line',
          'singleline-html-element-content-newline',
          'multiline-html-element-content-newline',
          'html-closing-bracket-newline',
          'first-attribute-linebreak',
          'attributes-order',
        ].map((rule) => [`vue/${rule}`, 'off']),
      ),
    },
  },
  { files: NETWORK, rules: { 'no-restricted-globals': 'off' } },
)
