//! Look.
use pmi_toolkit::array::plot::Figure;
use pmi_toolkit::prelude::*;
fn main() {
    pmi::with_tasks(2, || {
        let one = DistArray::<f64, _>::full((20, 30), 3.0);
        Figure::new().title("All three").imshow(&one).colorbar("height").savefig("/tmp/files-pics2/three.png").unwrap();
        let six = DistArray::from_fn((20, 30), |(i, j)| (i as f64 / 3.0).sin() * (j as f64 / 4.0).cos());
        Figure::new()
            .title("Waves")
            .xlabel("x")
            .ylabel("y")
            .imshow(&six)
            .colormap(Colormap::Magma)
            .colorbar("amplitude in m")
            .savefig("/tmp/files-pics2/waves.png")
            .unwrap();
        let film = DistArray::from_fn((8, 90, 160), |(t, i, j)| {
            let (y, x) = (i as f64 - 45.0, j as f64 - 20.0 - 15.0 * t as f64);
            (-(x * x + y * y) / 200.0).exp()
        });
        film.picture().colormap(Colormap::Inferno).save_animation("/tmp/files-pics2/film.png", 8.0).unwrap();
    })
}
