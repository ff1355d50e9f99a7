using System.Globalization;
using Microsoft.Playwright;

namespace NormKit.Lab.Tests;

/// <summary>Checks 2 to 4: the lit set, the formula, and the two ends of group norm.</summary>
public sealed class SetTests(Browser browser)
{
    private static readonly string[] Layers = ["batch", "layer", "instance", "group", "rms"];

    [Fact]
    public async Task LitSet_FiveLayersTwoHundredShapesAndCells_IsTheSetOfTheDefinition()
    {
        await using LabPage lab = await browser.Open();
        Random random = new(20261130);
        for (int trial = 0; trial < 200; trial++)
        {
            int n = random.Next(1, 7), c = random.Next(1, 13), h = random.Next(1, 6), w = random.Next(2, 6);
            int[] divisors = [.. Enumerable.Range(1, c).Where(d => c % d == 0)];
            int groups = divisors[random.Next(divisors.Length)];
            int[] at = [random.Next(n), random.Next(c), random.Next(h), random.Next(w)];
            foreach (string layer in Layers)
            {
                // One number per channel has no variance, and batch norm refuses it, as PyTorch does.
                if (layer is "batch" && n * h * w < 2)
                    continue;
                string expected = string.Join(' ', layer, groups, $"{n},{c},{h},{w}", string.Join(',', at));
                await lab.Change(new { layer, groups, shape = new[] { n, c, h, w }, at });
                await lab.Page.WaitForFunctionAsync("expected => document.querySelector('#touch').dataset.shown === expected", expected);
                int[] lit = [.. (await lab.Data("touch", "set"))!.Split(',').Select(int.Parse)];
                int count = 0;
                for (int image = 0; image < n; image++)
                {
                    for (int channel = 0; channel < c; channel++)
                    {
                        bool shares = layer switch
                        {
                            "batch" => channel == at[1],
                            "instance" => image == at[0] && channel == at[1],
                            "group" => image == at[0] && channel * groups / c == at[1] * groups / c,
                            _ => image == at[0],
                        };
                        Assert.Equal(shares, image >= lit[0] && image <= lit[1] && channel >= lit[2] && channel <= lit[3]);
                        count += shares ? h * w : 0;
                    }
                }
                // The number shown is the count of NormKit's own statistics.
                string shown = (await lab.Part("touch", "formula").Locator("[data-line=count] .term").TextContentAsync())!;
                Assert.Equal(count.ToString(CultureInfo.InvariantCulture), shown.Split(' ')[^1]);
            }
        }
    }

    [Fact]
    public async Task LitSet_OnTheCanvas_IsClearAndTheRestIsFaint()
    {
        await using LabPage lab = await browser.Open("layer=instance&at=1.2.1.2", options => options.ReducedMotion = ReducedMotion.Reduce);
        double inside = await Spread(lab, 1, 2), outside = await Spread(lab, 1, 5);
        Assert.True(inside > 1.5 * outside, $"{inside} and {outside}");
    }

    [Theory]
    [InlineData("batch"), InlineData("layer"), InlineData("instance"), InlineData("group"), InlineData("rms")]
    public async Task Formula_ComputedFromItsOwnNumbers_GivesTheYShownWhichIsNormKits(string layer)
    {
        int[] shape = [4, 8, 4, 4], at = [2, 5, 3, 1];
        await using LabPage lab = await browser.Open($"layer={layer}&groups=4&at={string.Join('.', at)}&weight=1.25&bias=-0.5");
        await lab.Until("() => document.querySelector('#touch [data-part=exact]').textContent.includes('1.25')");
        string text = (await lab.Part("touch", "exact").TextContentAsync())!;
        string[] sides = text.Split(" = ");
        double shown = double.Parse(sides[1], CultureInfo.InvariantCulture), computed = Evaluate(sides[0]);
        Assert.Equal(shown, computed, 2e-6);

        string input = (await lab.Page.EvaluateAsync<string>(
            "async () => { const { tensor } = await import('/js/tensor.js'); return btoa(Array.from(new Uint8Array(tensor.x.buffer, tensor.x.byteOffset, tensor.x.byteLength), byte => String.fromCharCode(byte)).join('')); }"))!;
        float[] x = Arrays.Floats(input), y = new float[x.Length];
        nint[] lengths = [.. shape.Select(length => (nint)length)];
        NormLayer<float> norm = layer switch
        {
            "batch" => new BatchNorm<float>(8),
            "layer" => new LayerNorm<float>(lengths.AsSpan(1)),
            "instance" => new InstanceNorm<float>(8, affine: true),
            "group" => new GroupNorm<float>(4, 8),
            _ => new RmsNorm<float>(lengths.AsSpan(1), eps: 1e-5),
        };
        norm.Weight!.Value.Fill(1.25f);
        norm.Bias?.Value.Fill(-0.5f);
        norm.Forward(x, lengths, y);
        float expected = y[(((((at[0] * 8) + at[1]) * 4) + at[2]) * 4) + at[3]];
        Assert.Equal(expected, (float)shown);
    }

    [Fact]
    public async Task Groups_AtTheirEnds_AreNamedAndHaveNoDifference()
    {
        await using LabPage lab = await browser.Open("layer=group&groups=1");
        await Expect(lab, "layer norm over [C, H, W]");
        await lab.Change(new { groups = 8 });
        await Expect(lab, "this is instance norm");
        await lab.Change(new { groups = 2 });
        await lab.Until("() => document.querySelector('#touch [data-part=badge]').hidden");

        static async Task Expect(LabPage lab, string name)
        {
            await lab.Page.WaitForFunctionAsync("name => { const badge = document.querySelector('#touch [data-part=badge]'); return !badge.hidden && badge.textContent.includes(name); }", name);
            Assert.EndsWith(": 0.", await lab.Part("touch", "badge").TextContentAsync(), StringComparison.Ordinal);
        }
    }

    /// <summary>How far the colours of a tile's cells are apart, in steps of 255.</summary>
    private static Task<double> Spread(LabPage lab, int image, int channel) => lab.Page.EvaluateAsync<double>(
        """
        ([image, channel]) => {
          const touch = document.querySelector('#touch'), canvas = touch.querySelector('[data-part=tensor]'), ratio = canvas.width / canvas.clientWidth, colours = [];
          for (let row = 0; row < 4; row++) for (let column = 0; column < 4; column++) {
            if (row === 1 && column === 2) continue;
            const [x, y] = touch.view.middle([image, channel, row, column]);
            colours.push(canvas.getContext('2d').getImageData(x * ratio, y * ratio, 1, 1).data);
          }
          return Math.max(...colours.map(([red, , blue]) => Math.abs(blue - red)));
        }
        """, new[] { image, channel });

    // (x - mean) / sqrt(variance + eps) * weight + bias, or of RMS norm x / sqrt(q + eps) * weight: the page's own text, read by another program.
    private static double Evaluate(string text)
    {
        using System.Data.DataTable table = new();
        int root = text.IndexOf("sqrt(", StringComparison.Ordinal), end = text.IndexOf(')', root);
        string[] inner = text[(root + 5)..end].Split(" + ");
        double divisor = Math.Sqrt(inner.Sum(part => double.Parse(part, CultureInfo.InvariantCulture)));
        string plain = text[..root] + divisor.ToString("R", CultureInfo.InvariantCulture) + text[(end + 1)..];
        return Convert.ToDouble(table.Compute(plain, ""), CultureInfo.InvariantCulture);
    }
}
