using System.Text.Json;
using NormKit.IO;

namespace NormKit.Lab.Tests;

/// <summary>Checks 5 to 8: what the chapters claim.</summary>
public sealed class ChapterTests(Browser browser)
{
    [Theory]
    [InlineData("batch", "0,1,2"), InlineData("layer", ""), InlineData("instance", ""), InlineData("group", ""), InlineData("rms", "")]
    public async Task ASpotInImageThree_ChangesOtherImagesInBatchNormAlone(string layer, string others)
    {
        await using LabPage lab = await browser.Open($"layer={layer}");
        await lab.Part("paint", "paint3").ClickAsync();
        await lab.Until("() => document.querySelector('#paint').dataset.painted === '3'");
        await lab.Page.WaitForTimeoutAsync(200);
        Assert.Equal(others, await lab.Data("paint", "changed"));
    }

    [Fact]
    public async Task Movement_OfBatchNorm_IsLargeWithTwoImagesAndOfTheOthersNone()
    {
        await using LabPage lab = await browser.Open();
        await lab.ScrollTo("batch");
        await lab.Until("() => document.querySelector('#batch').dataset.movement");
        Dictionary<string, double[]> movement = JsonSerializer.Deserialize<Dictionary<string, double[]>>((await lab.Data("batch", "movement"))!)!;
        Assert.True(movement["batch"][0] >= 3 * movement["batch"][^1], $"{movement["batch"][0]} and {movement["batch"][^1]}");
        Assert.All(movement.Where(pair => pair.Key != "batch").SelectMany(pair => pair.Value), moved => Assert.Equal(0, moved));
    }

    [Fact]
    public async Task RunningStatistics_OfTheGoldenFile_ArePyTorchs()
    {
        string golden = Path.Combine(AppContext.BaseDirectory, "Golden", "batch_2d_train.npz");
        double[] Array(string name) => NpzFile.Read(golden, name).ToArray<double>();
        int[] shape = [.. NpzFile.Read(golden, "x").Shape.ToArray().Select(length => (int)length)];
        await using LabPage lab = await browser.Open();
        JsonElement? answer = await lab.Ask(["Experiments.RunningAfter", Arrays.Bytes(NpzFile.Read(golden, "x").ToArray<float>()), 1, shape[0], shape[1], shape[2], shape[3], 0.1, Array("running_mean"), Array("running_var")]);
        double[] running = [.. answer!.Value[0].EnumerateArray().Select(value => value.GetDouble())], expected = [.. Array("want_running_mean"), .. Array("want_running_var")];
        Assert.Equal(expected.Length, running.Length);
        Assert.All(expected.Zip(running), pair => Assert.Equal(pair.First, pair.Second, 1e-6 * Math.Max(1, Math.Abs(pair.First))));
    }

    [Fact]
    public async Task RunningStatistics_AfterFiveBatches_AreThoseOfTheRule()
    {
        const int batches = 5, n = 3, c = 2, plane = 4;
        float[] x = new float[batches * n * c * plane];
        new TorchRandom(7).Fill(x);
        double[] mean = [0, 0], variance = [1, 1];
        for (int batch = 0; batch < batches; batch++)
        {
            for (int channel = 0; channel < c; channel++)
            {
                double[] set = [.. Enumerable.Range(0, n).SelectMany(image => x.Skip((((batch * n) + image) * c * plane) + (channel * plane)).Take(plane)).Select(value => (double)value)];
                double ofSet = set.Average(), sample = set.Sum(value => (value - ofSet) * (value - ofSet)) / (set.Length - 1);
                mean[channel] = (0.7 * mean[channel]) + (0.3 * ofSet);
                variance[channel] = (0.7 * variance[channel]) + (0.3 * sample);
            }
        }
        await using LabPage lab = await browser.Open();
        JsonElement? answer = await lab.Ask(["Experiments.RunningAfter", Arrays.Bytes(x), batches, n, c, 2, 2, 0.3, (double[])[0, 0], (double[])[1, 1]]);
        double[] running = [.. answer!.Value[0].EnumerateArray().Select(value => value.GetDouble())];
        Assert.All(mean.Concat(variance).Zip(running), pair => Assert.Equal(pair.First, pair.Second, 1e-6));
    }

    [Fact]
    public async Task Errors_AtAnOffsetOf100000_AreLargeForTheNaiveFormulaAndSmallForNormKit()
    {
        await using LabPage lab = await browser.Open("offset=5");
        await lab.ScrollTo("offset");
        await lab.Until("() => document.querySelector('#offset').dataset.errors");
        double[] errors = JsonSerializer.Deserialize<double[]>((await lab.Data("offset", "errors"))!)!;
        Assert.True(errors[0] > 1e-2, $"naive {errors[0]}");
        Assert.True(errors[2] < 3e-7, $"NormKit {errors[2]}");
    }

    /// <summary>The first layers of the table; all 47 take most of a minute, so that test runs only when it is asked for.</summary>
    [Fact]
    public Task Hashes_OfTheFirstLayersComputedInThePage_AreThoseOfTheGuarantees() => HashesAreThoseOfTheGuarantees(layers: 8);

    [Fact(Explicit = true)]
    public Task Hashes_OfAllLayersComputedInThePage_AreThoseOfTheGuarantees() => HashesAreThoseOfTheGuarantees(layers: 47);

    private async Task HashesAreThoseOfTheGuarantees(int layers)
    {
        string guarantees = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "docs", "guarantees.md"), TestContext.Current.CancellationToken);
        await using LabPage lab = await browser.Open();
        await lab.ScrollTo("offset");
        await lab.Part("offset", "hash").ClickAsync();
        await lab.Until($"() => document.querySelectorAll('#offset [data-part=hashes] li').length >= {layers}", 500_000);
        foreach (string text in await lab.Page.Locator("#offset [data-part=hashes] li").AllTextContentsAsync())
        {
            int hash = text.LastIndexOf(' ');
            Assert.Contains($"| {text[..hash]} | `{text[(hash + 1)..]}` |", guarantees, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("batch"), InlineData("layer"), InlineData("instance"), InlineData("group")]
    public async Task Gradient_OfOneOutput_SumsToZeroStaysInItsSetAndIsOrthogonal(string layer)
    {
        await using LabPage lab = await browser.Open($"layer={layer}&groups=4");
        await lab.ScrollTo("gradient");
        await lab.Until("() => document.querySelector('#gradient').dataset.sum");
        Assert.Equal("0", await lab.Data("gradient", "outside"));
        Assert.Equal(0, double.Parse((await lab.Data("gradient", "sum"))!, System.Globalization.CultureInfo.InvariantCulture), 1e-5);
        Assert.Equal(0, double.Parse((await lab.Data("gradient", "along"))!, System.Globalization.CultureInfo.InvariantCulture), 1e-4);
    }

    [Fact]
    public async Task GuessFirst_MarkingTheSet_IsRightAndOneTileLessIsNot()
    {
        await using LabPage lab = await browser.Open("layer=layer");
        foreach (bool isWhole in (bool[])[true, false])
        {
            await lab.Part("touch", "guess").ClickAsync();
            // The tiles are marked by clicks on the picture; the touched one is marked already.
            await lab.Page.EvaluateAsync(
                """
                async isWhole => {
                  const { state } = await import('/js/state.js'), { rectangleOf, inside } = await import('/js/sets.js'), { view } = document.querySelector('#touch'), canvas = view.element;
                  canvas.setPointerCapture = () => {};
                  const [n, c] = state.shape, set = rectangleOf(state.layer, state.groups, state.shape, state.at[0], state.at[1]), tiles = [];
                  for (let image = 0; image < n; image++) for (let channel = 0; channel < c; channel++)
                    if (inside(set, image, channel) && !(image === state.at[0] && channel === state.at[1])) tiles.push([image, channel]);
                  if (!isWhole) tiles.push([(state.at[0] + 1) % n, (state.at[1] + 1) % c]);
                  for (const [image, channel] of tiles) {
                    const { left, top } = canvas.getBoundingClientRect(), [x, y] = view.middle([image, channel, 1, 1]);
                    canvas.dispatchEvent(new PointerEvent('pointerdown', { clientX: left + x, clientY: top + y, pointerType: 'mouse', buttons: 1, bubbles: true, pointerId: 1 }));
                  }
                }
                """, isWhole);
            await lab.Part("touch", "reveal").ClickAsync();
            Assert.Equal(isWhole, (await lab.Part("touch", "sentence").TextContentAsync())!.StartsWith("All right.", StringComparison.Ordinal));
            await lab.Part("touch", "done").ClickAsync();
        }
    }

    [Fact]
    public async Task MovingTheTouchedNumber_ChangesItsOutputAndTheLinkKeepsIt()
    {
        await using LabPage lab = await browser.Open("at=0.0.0.0");
        await lab.Page.EvaluateAsync("() => { const slider = document.querySelector('#touch [data-part=value]'); slider.value = slider.max; slider.dispatchEvent(new Event('input', { bubbles: true })); }");
        await lab.Until("() => !document.querySelector('#touch [data-part=edited]').hidden");
        string exact = (await lab.Part("touch", "exact").TextContentAsync())!, link = await lab.Part("code", "link").InputValueAsync();
        Assert.Contains("edits=", link, StringComparison.Ordinal);
        await using LabPage other = await browser.Open(link.Split('#')[1]);
        Assert.Equal(exact, await other.Part("touch", "exact").TextContentAsync());
        await lab.Part("touch", "undo").ClickAsync();
        await lab.Until("() => document.querySelector('#touch [data-part=edited]').hidden");
        Assert.NotEqual(exact, await lab.Part("touch", "exact").TextContentAsync());
    }
}
