// What is shown, as code in four libraries, and as a link.

import { link, listen, state } from './state.js';
import { t } from './words.js';

const libraries = ['PyTorch', 'C#', 'NumPy', 'ONNX'];

export function beginCode(root) {
  const part = name => root.querySelector(`[data-part=${name}]`);
  let library = libraries[0];

  function draw() {
    part('tabs').innerHTML = libraries.map(name => `<button type="button" aria-pressed="${name === library}" value="${name}">${name}</button>`).join('');
    part('code').textContent = codeOf(library, state);
    part('link').value = link();
  }

  part('tabs').addEventListener('click', event => {
    if (!event.target.value) return;
    library = event.target.value;
    draw();
    part('tabs').querySelector('[aria-pressed=true]').focus();
  });
  const copy = (button, text) => button.addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText(text());
      button.textContent = t('copied');
    } catch {
      part('link').select();
    }
    setTimeout(() => { button.textContent = t('copy'); }, 1500);
  });
  copy(part('copy-code'), () => part('code').textContent);
  copy(part('copy-link'), () => part('link').value);
  listen(draw);
  draw();
}

export function codeOf(library, { layer, groups, shape: [n, c, h, w], eps, weight, bias, activation, seed, data }) {
  const input = data === 'rand', isDefault = eps === 1e-5, plain = weight === 1 && bias === 0;
  const act = { none: null, relu: ['F.relu', 'Relu', 'np.maximum(y, 0)', 'Relu'], leaky: ['F.leaky_relu', 'LeakyRelu(0.2)', 'np.where(y > 0, y, 0.2 * y)', 'LeakyRelu'], silu: ['F.silu', 'Silu', 'y / (1 + np.exp(-y))', 'Swish'], gelu: ['F.gelu', 'Gelu', 'gelu(y)  # scipy: y * norm.cdf(y)', 'Gelu'] }[activation];
  switch (library) {
    case 'PyTorch': {
      const e = isDefault ? '' : `, eps=${eps}`;
      const made = { batch: `nn.BatchNorm2d(${c}${e})`, layer: `nn.LayerNorm([${c}, ${h}, ${w}]${e})`, instance: `nn.InstanceNorm2d(${c}${e}${plain ? '' : ', affine=True'})`, group: `nn.GroupNorm(${groups}, ${c}${e})`, rms: `nn.RMSNorm([${c}, ${h}, ${w}], eps=${eps})` }[layer];
      return [`import torch`, `from torch import nn`, ...(act ? ['import torch.nn.functional as F'] : []), ``, ...(input ? [`torch.manual_seed(${seed})`, `x = torch.rand(${n}, ${c}, ${h}, ${w})`] : [`x = torch.randn(${n}, ${c}, ${h}, ${w})   # N, C, H, W`]),
        `norm = ${made}`, ...(plain ? [] : [`nn.init.constant_(norm.weight, ${weight})`, ...(layer === 'rms' ? [] : [`nn.init.constant_(norm.bias, ${bias})`])]), `y = ${act ? `${act[0]}(norm(x)${activation === 'leaky' ? ', 0.2' : ''})` : 'norm(x)'}`].join('\n');
    }
    case 'C#': {
      const e = isDefault ? '' : `, eps: ${String(eps).replace('e', 'E')}`;
      const made = { batch: `BatchNorm2d<float> norm = new(${c}${e})`, layer: `LayerNorm<float> norm = new([${c}, ${h}, ${w}]${e})`, instance: `InstanceNorm2d<float> norm = new(${c}${e}${plain ? '' : ', affine: true'})`, group: `GroupNorm<float> norm = new(${groups}, ${c}${e})`, rms: `RmsNorm<float> norm = new([${c}, ${h}, ${w}], eps: ${String(eps).replace('e', 'E')})` }[layer];
      const extra = act ? ` { Activation = Activation.${act[1]} }` : '';
      return ['using System.Numerics.Tensors;', 'using NormKit;', '', `Tensor<float> x = new TorchRandom(seed: ${seed}).Rand(${n}, ${c}, ${h}, ${w});   // N, C, H, W`, `${made}${extra};`,
        ...(plain ? [] : [`norm.Weight!.Value.Fill(${weight}f);`, ...(layer === 'rms' ? [] : [`norm.Bias!.Value.Fill(${bias}f);`])]), 'Tensor<float> y = norm.Forward(x);'].join('\n');
    }
    case 'NumPy': {
      const axes = { batch: '(0, 2, 3)', layer: '(1, 2, 3)', instance: '(2, 3)', group: '(2, 3, 4)', rms: '(1, 2, 3)' }[layer];
      const lines = ['import numpy as np', '', `x = np.random.rand(${n}, ${c}, ${h}, ${w}).astype(np.float32)   # N, C, H, W`];
      if (layer === 'group') lines.push(`g = x.reshape(${n}, ${groups}, ${c / groups}, ${h}, ${w})`);
      const from = layer === 'group' ? 'g' : 'x';
      if (layer === 'rms') lines.push(`y = x / np.sqrt((x ** 2).mean(${axes}, keepdims=True) + ${eps})`);
      else lines.push(`mean = ${from}.mean(${axes}, keepdims=True)`, `var = ${from}.var(${axes}, keepdims=True)      # divided by n, not n - 1`, `y = (${from} - mean) / np.sqrt(var + ${eps})`);
      if (layer === 'group') lines.push(`y = y.reshape(x.shape)`);
      if (!plain) lines.push(layer === 'rms' ? `y = ${weight} * y` : `y = ${weight} * y + ${bias}`);
      if (act) lines.push(`y = ${act[2]}`);
      return lines.join('\n');
    }
    default: {
      const node = { batch: ['BatchNormalization', 'x, scale, B, input_mean, input_var', `epsilon = ${eps}, momentum = 0.9, training_mode = 1`], layer: ['LayerNormalization', 'x, Scale, B', `axis = 1, epsilon = ${eps}`], instance: ['InstanceNormalization', 'x, scale, B', `epsilon = ${eps}`], group: ['GroupNormalization', 'x, scale, bias', `num_groups = ${groups}, epsilon = ${eps}`], rms: ['RMSNormalization', 'x, scale', `axis = 1, epsilon = ${eps}`] }[layer];
      const size = layer === 'layer' || layer === 'rms' ? `${c}, ${h}, ${w}` : `${c}`, two = layer !== 'rms';
      return [`# ONNX text format, opset ${layer === 'rms' ? 23 : 21}: x is float[${n}, ${c}, ${h}, ${w}]`, `# the scale is float[${size}] of ${weight}${two ? `, the bias float[${size}] of ${bias}` : ''}`,
        `${layer === 'batch' ? 'y, running_mean, running_var' : 'y'} = ${node[0]} <${node[2]}> (${node[1]})`, ...(act ? [`z = ${act[3]}${activation === 'leaky' ? ' <alpha = 0.2>' : ''} (y)${activation === 'silu' ? '   # opset 24; before it: Mul (y, Sigmoid (y))' : ''}`] : [])].join('\n');
    }
  }
}
