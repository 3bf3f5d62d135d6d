import DefaultTheme from 'vitepress/theme';
import { h } from 'vue';
import '../../../packages/tokens/tokens.css';
import wordmark from '../../../packages/tokens/wordmark.svg?raw';
import './style.css';

/** VitePress' own theme in the visual language of every page: its tokens, and the wordmark for a title. */
export default {
  extends: DefaultTheme,
  Layout: () =>
    h(DefaultTheme.Layout, null, {
      'nav-bar-title-before': () => h('span', { class: 'wordmark', innerHTML: wordmark }),
    }),
};
